/** A node of a parsed page, as far as its text is concerned. */
interface PageNode {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly children?: readonly PageNode[];
}

/** Elements that begin and end a line. */
const BLOCKS: ReadonlySet<string> = new Set(
  (
    "address article aside blockquote body br dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 " +
    "header hr html li main nav ol p pre section summary table tbody tfoot thead tr ul"
  ).split(" "),
);
const CELLS: ReadonlySet<string> = new Set(["td", "th"]);
/** Elements that hold nothing to read. */
const SILENT: ReadonlySet<string> = new Set(
  "script style noscript template svg iframe object head title textarea select button".split(" "),
);

const LINE_END = Symbol("line end");
type Step = PageNode | typeof LINE_END;

/** Text of a page with a line for each block, as a person would copy it. It keeps its own stack, however deep the page is. */
export function blockText(root: unknown): string {
  const parts: string[] = [];
  const steps: Step[] = [root as PageNode];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (step === LINE_END) parts.push("\n");
    else visit(step, { parts, steps });
  }
  return tidy(parts.join(""));
}

function visit(node: PageNode, { parts, steps }: { readonly parts: string[]; readonly steps: Step[] }): void {
  if (node.type === "text") parts.push((node.data ?? "").replace(/\s+/g, " "));
  const name = node.name ?? "";
  if (node.children === undefined || SILENT.has(name)) return;
  if (BLOCKS.has(name)) {
    parts.push("\n");
    steps.push(LINE_END);
  } else if (CELLS.has(name)) parts.push(" ");
  for (let place = node.children.length - 1; place >= 0; place--) steps.push(node.children[place] as PageNode);
}

function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .join("\n");
}
