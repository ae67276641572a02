// Imported first by every command, so that an old Node hears a sentence instead of a stack trace.
const [major, minor] = process.versions.node.split(".").map(Number);
const supported = major > 20 || (major === 20 && minor >= 19);

if (!supported) {
  console.error(`latentlab needs Node 20.19 or newer; this is ${process.versions.node}.
Fix: install a current Node (https://nodejs.org, or your version manager: "nvm install 22"), then run the command again.`);
  process.exit(1);
}
