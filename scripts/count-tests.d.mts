interface FileReport {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

export declare function countTests(report: { readonly testResults: readonly FileReport[] }): {
  passed: number;
  failed: number;
};
