export interface RelativeImport {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

export declare const FLOORS: readonly (readonly string[])[];
export declare const VOCABULARY: readonly string[];
export declare function findLayerBreaches(sourceFolder: string): string[];
export declare function readRelativeImports(text: string): RelativeImport[];
export declare function breachReason(from: string, to: string, options?: { isTypeOnly?: boolean }): string | undefined;
export declare function listSources(folder: string): string[];
