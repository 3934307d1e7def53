import { fileURLToPath } from "node:url";
import { join } from "node:path";

export const repository = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const workFolder = join(repository, ".tollgate");
export const venv = join(workFolder, "venv");
export const tools = join(workFolder, "tools");
