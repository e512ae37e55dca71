export declare function findUsedErrorCodes(): Map<string, readonly string[]>;
export declare function errorCodesOf(text: string): readonly { readonly code: string; readonly line: number }[];
