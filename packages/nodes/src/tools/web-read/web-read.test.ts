import { gzipSync } from "node:zlib";
import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { fakeContext } from "../../../test/fake-context.js";
import { testServer } from "../../http/test-server.js";
import { readArticle } from "./read-article.js";
import { webRead } from "./web-read.js";

const PARAGRAPH =
  "Brake fluid takes up water over the years, which lowers its boiling point, so that it must be changed in time, whatever the mileage.";
const ARTICLE = `<!doctype html><html><head><title>Brakes – Garage News</title><meta name="author" content="Ada Lovelace">
  <meta name="description" content="When to change brake fluid."><script>document.title = "hacked"</script></head>
  <body><nav><a href="/a">Home</a><a href="/b">Cars</a></nav><div id="ad">Buy now!</div>
  <article><h1>Brakes</h1><p>${PARAGRAPH}</p><p>${PARAGRAPH} <b>Bold</b>&amp;more.</p><ul><li>One</li><li>Two</li></ul><p>${PARAGRAPH}</p></article>
  <footer>Imprint</footer></body></html>`;

const run = (parameters: Record<string, unknown>, input: unknown = {}) =>
  testNode(webRead).parameters(parameters).input(input).engine({ http: fetch }).run();
/** The error as the engine gets it, which tells whether to try again. */
const failure = async (url: string): Promise<unknown> => {
  const { ctx } = fakeContext(webRead, { parameters: { url } });
  return Promise.resolve(webRead.execute({ ...(ctx as object), http: fetch } as never)).catch(
    (error: unknown) => error,
  );
};
const page = (html: string | Buffer, contentType = "text/html") =>
  testServer((_, response) => response.writeHead(200, { "content-type": contentType }).end(html));

describe("web_read", () => {
  it("gives the article as text, without what is around it", async () => {
    await using server = await page(ARTICLE);
    const { output } = await run({ url: `${server.origin}/news` });
    expect(output).toEqual({
      url: `${server.origin}/news`,
      title: expect.stringContaining("Brakes"),
      text: expect.stringContaining(`${PARAGRAPH}\n${PARAGRAPH} Bold&more.\nOne\nTwo\n${PARAGRAPH}`),
      excerpt: "When to change brake fluid.",
      byline: "Ada Lovelace",
      truncated: false,
    });
    expect(JSON.stringify(output)).not.toMatch(/Buy now|Imprint|hacked/);
    expect(server.seen[0]?.headers.accept).toContain("text/html");
  });

  it("reads pages that are no article as a whole", async () => {
    const html =
      "<title>List</title><div>One</div><div>Two <span>three</span></div><table><tr><td>a<td>b</table><script>x</script>";
    await using server = await page(html);
    expect((await run({}, server.origin)).output).toMatchObject({
      title: "List",
      text: "One\nTwo three\na b",
      byline: null,
    });
  });

  it("follows redirects and names the page that it came to", async () => {
    await using server = await testServer((request, response) => {
      if (request.path === "/old") response.writeHead(301, { location: "/new" }).end();
      else response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("Hello\r\nWorld\n");
    });
    expect((await run({ url: `${server.origin}/old` })).output).toMatchObject({
      url: `${server.origin}/new`,
      title: null,
      text: "Hello\nWorld",
    });
  });

  it("cuts long texts, never within a character", async () => {
    await using server = await page("😀".repeat(10), "text/plain");
    expect((await run({ url: server.origin, maxTextLength: 5 })).output).toMatchObject({
      text: "😀😀",
      truncated: true,
    });
  });

  it.each([
    ["its header", Buffer.from("<p>K\xf6ln", "latin1"), "text/html; charset=iso-8859-1"],
    ["its own declaration", Buffer.from('<meta charset="windows-1252"><p>K\xf6ln', "latin1"), "text/html"],
    ["its byte order mark", Buffer.from("\ufeff<p>Köln", "utf16le"), "text/html"],
    ["a declaration that nobody knows", Buffer.from('<meta charset="klingon"><p>Köln'), "text/html"],
    ["nothing", Buffer.from("<p>Köln"), ""],
  ])("reads the character set by %s", async (_, bytes, contentType) => {
    await using server = await page(bytes, contentType);
    expect((await run({ url: server.origin })).output).toMatchObject({ text: "Köln" });
  });

  it.each([
    ["a PDF", "application/pdf", "%PDF", "invalid_response"],
    ["a picture", "image/png", "x", "invalid_response"],
    ["a page that is too large", "text/html", "x".repeat(200_000), "response_too_large"],
    ["a page nested without end", "text/html", "<div>".repeat(20_000), "content_too_large"],
  ])("refuses %s", async (_, contentType, body, code) => {
    await using server = await page(body, contentType);
    expect((await run({ url: server.origin, maxResponseBytes: 150_000 })).error).toMatchObject({ code });
  });

  it("stops a body that explodes when it is unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000, "x"));
    await using server = await testServer((_, response) =>
      response.writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" }).end(bomb),
    );
    expect((await run({ url: server.origin })).error).toMatchObject({ code: "response_too_large" });
  });

  it("fails for pages that are not there, ends in time, and retries what may pass", async () => {
    await using server = await testServer((request, response) => {
      if (request.path === "/slow") return;
      if (request.path === "/broken") {
        response.writeHead(200, { "content-type": "text/html", "content-length": "1000" });
        response.write("<p>half");
        setImmediate(() => response.destroy());
        return;
      }
      response.writeHead(Number(request.path.slice(1)), { "content-type": "text/html" }).end("<p>no");
    });
    expect(await failure(`${server.origin}/404`)).toMatchObject({ name: "FatalNodeError", code: "http_error" });
    expect(await failure(`${server.origin}/503`)).toMatchObject({ name: "RetryableNodeError", code: "http_error" });
    expect((await run({ url: `${server.origin}/slow`, timeoutMs: 50 })).error?.message).toContain("within 50 ms");
    expect((await run({ url: `${server.origin}/broken` })).status).toBe("failed");
  });

  it.each(["file:///etc/passwd", "ftp://example.com", "javascript:1", "nonsense", "", 7])(
    "refuses %j as an address",
    async (url) => {
      expect((await run({}, url)).error).toMatchObject({ code: "invalid_input" });
    },
  );
});

describe("readArticle on hostile pages", () => {
  const deep = (inner: string) => "<div>".repeat(480) + inner + "</div>".repeat(480);

  it.each([
    ["nothing", ""],
    ["no body", "<frameset><frame></frameset>"],
    ["only a comment", "<!-- <p>x -->"],
    ["broken tags", "<<<p <p <a href='<b>'>>x</"],
    ["much text deep inside", deep("word, ".repeat(400_000))],
    ["many elements deep inside", deep("<p>x</p>".repeat(40_000))],
    ["many elements side by side", "<p>a, b, c</p>".repeat(45_000)],
    ["many links", `<article>${'<a href="#">x</a> '.repeat(40_000)}</article>`],
    [
      "structured data that lies",
      `<script type="application/ld+json">{"@context":"https://schema.org","@type":"Article","name":{"a":1},"author":[[]]}</script><p>${PARAGRAPH}</p>`,
    ],
    [
      "structured data that is broken",
      `<script type="application/ld+json">{"__proto__":{"x":1}</script><p>${PARAGRAPH}</p>`,
    ],
    ["a style without end", `<div style="${"a:".repeat(100_000)}">x</div>`],
    ["endless spaces", `<p>${" ".repeat(1_000_000)}x</p><br>${"<br> ".repeat(20_000)}`],
    ["a title that is a page", `<title>${"x - ".repeat(100_000)}</title><p>${PARAGRAPH}</p>`],
    ["a byline that is a page", `<p rel="author" class="byline">${"by ".repeat(100_000)}</p><p>${PARAGRAPH}</p>`],
  ])("survives %s", (_, html) => {
    const article = readArticle(html);
    expect(typeof article.text).toBe("string");
    expect((article.title ?? "").length).toBeLessThanOrEqual(1_000);
    expect((article.byline ?? "").length).toBeLessThanOrEqual(1_000);
    expect((article.excerpt ?? "").length).toBeLessThanOrEqual(1_000);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});
