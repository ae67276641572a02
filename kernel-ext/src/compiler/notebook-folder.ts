/** Where the kernel was started, which is where the notebook is; cells may go elsewhere. */
export const notebookFolder = process.cwd();
