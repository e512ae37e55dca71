export declare function findAmbientReads(sourceFolder: string): string[];
export declare function ambientLines(text: string): number[];
