import { type JsonObject, protocolVersion } from "../wire/message.js";

/** @returns content of a `kernel_info_reply` */
export function describeKernel(versions: { kernel: string; typescript: string }): JsonObject {
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation: "latentlab",
    implementation_version: versions.kernel,
    language_info: {
      name: "typescript",
      version: versions.typescript,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: `latentlab ${versions.kernel}: TypeScript ${versions.typescript} on Node.js ${process.version}`,
    help_links: [{ text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/" }],
    debugger: false,
    supported_features: ["kernel subshells"],
  };
}
