export declare const FLOORS: readonly (readonly string[])[];
export declare function findLayerBreaches(sourceFolder: string): string[];
export declare function readRelativeImports(text: string): string[];
export declare function breachReason(from: string, to: string): string | undefined;
