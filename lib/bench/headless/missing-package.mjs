// Stands in, in the headless pack, for packages that are not part of it.
throw new Error("this package is not part of the headless pack");
