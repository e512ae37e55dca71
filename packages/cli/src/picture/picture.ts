import type { DrawableGraph } from "./drawable-graph.js";
import { disguise, reveal } from "./label-disguise.js";
import { layeredList } from "./layered-list.js";
import { toMermaid } from "./mermaid-text.js";

/** Above this, boxes and arrows are no longer readable and take long to lay out. */
const MAX_DRAWN_NODES = 60;
const MAX_DRAWN_EDGES = 120;
const MAX_SVG_NODES = 2_000;
const BOX_GAP_COLUMNS = 3;
const BOX_GAP_ROWS = 3;

/** Whether {@link svgPicture} can lay it out in bounded time. */
export function fitsSvg(graph: DrawableGraph): boolean {
  return graph.nodes.length <= MAX_SVG_NODES && graph.edges.length <= 2 * MAX_SVG_NODES;
}

/** Boxes and arrows in text; a list of layers when the graph is too large for that. Ends without a line break. */
export async function textPicture(graph: DrawableGraph): Promise<string> {
  if (graph.nodes.length === 0) return "(no nodes)";
  if (graph.nodes.length > MAX_DRAWN_NODES || graph.edges.length > MAX_DRAWN_EDGES) return layeredList(graph);
  const { renderMermaidASCII } = await import("beautiful-mermaid");
  const drawn = renderMermaidASCII(toMermaid(graph, disguise), {
    colorMode: "none",
    paddingX: BOX_GAP_COLUMNS,
    paddingY: BOX_GAP_ROWS,
    boxBorderPadding: 0,
  });
  return reveal(drawn, (sign) => sign)
    .replace(/[ \t]+$/gm, "")
    .trimEnd();
}

/** A self-contained SVG. */
export async function svgPicture(graph: DrawableGraph): Promise<string> {
  const { renderMermaidSVG } = await import("beautiful-mermaid");
  const drawn = renderMermaidSVG(toMermaid(graph, disguise), { font: "sans-serif" });
  return reveal(withoutRemoteFonts(drawn), escapeXml);
}

/** The library names a web font; a picture must not call home. */
function withoutRemoteFonts(svg: string): string {
  return svg.replace(/@import url\([^)]*\);?/g, "");
}

function escapeXml(sign: string): string {
  return `&#${sign.charCodeAt(0)};`;
}
