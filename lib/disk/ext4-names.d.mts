/** Throws a plain `Error` where the entries cannot be. */
export function folderNames(bytes: Buffer): readonly { readonly name: string; readonly number: number }[];
