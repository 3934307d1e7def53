/** Installs the npm packages of a folder when what is installed is not what its package-lock.json says. */
export function installPackagesOf(folder: string, title: string): Promise<void>;
