// Stands in for sharp in the headless pack: its native libraries would double the pack's size.
export default function sharp() {
  throw new Error(
    "Image files are read by sharp, which is not part of the headless pack. Use `pictures(...)` or `cards(...)`.",
  );
}
