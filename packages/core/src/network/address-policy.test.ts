import { describe, expect, it } from "vitest";
import { AddressPolicy } from "./address-policy.js";
import { parseAddressRule } from "./address-rule.js";

function refusal(address: string, allow: readonly string[] = [], host = address, port = 80): string | undefined {
  return new AddressPolicy(allow.flatMap(parseAddressRule)).refusalOf({ host, address, port });
}

describe("AddressPolicy", () => {
  it.each([
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["10.1.2.3", "private"],
    ["100.64.0.1", "carrierGradeNat"],
    ["100.100.100.200", "carrierGradeNat"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["169.254.169.254", "linkLocal"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.0.0.192", "reserved"],
    ["192.0.2.1", "reserved"],
    ["192.88.99.1", "reserved"],
    ["192.168.1.1", "private"],
    ["198.18.0.1", "reserved"],
    ["203.0.113.9", "reserved"],
    ["224.0.0.1", "multicast"],
    ["240.0.0.1", "reserved"],
    ["255.255.255.255", "broadcast"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::127.0.0.1", "ipv4Mapped"],
    ["::ffff:127.0.0.1", "ipv4Mapped"],
    ["::ffff:8.8.8.8", "ipv4Mapped"],
    ["::ffff:0:127.0.0.1", "rfc6145"],
    ["64:ff9b::127.0.0.1", "rfc6052"],
    ["64:ff9b:1::10.0.0.1", "rfc6052"],
    ["2002:7f00:1::", "6to4"],
    ["2001:0:7f00:1::1", "teredo"],
    ["2001:db8::1", "reserved"],
    ["fc00::1", "uniqueLocal"],
    ["fd00:ec2::254", "uniqueLocal"],
    ["fe80::1", "linkLocal"],
    ["fe80::1%lo", "linkLocal"],
    ["fec0::1", "deprecatedSiteLocal"],
    ["ff02::1", "multicast"],
    ["100::1", "discard"],
    ["4000::1", "reserved"],
    ["no address", "unknown"],
    ["127.1", "unknown"],
  ])("refuses %s as %s", (address, kind) => {
    expect(refusal(address)).toBe(kind);
  });

  it.each(["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.255.255", "2606:4700::1111", "2a00:1450:4001::1"])(
    "lets %s pass",
    (address) => {
      expect(refusal(address)).toBeUndefined();
    },
  );

  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.0/8", "127.9.9.9"],
    ["127.0.0.1:80", "127.0.0.1"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["[::1]:80", "::1"],
    ["fc00::/7", "fd00::1"],
    ["loopback", "127.0.0.1"],
    ["loopback", "::1"],
    ["private", "192.168.0.1"],
    ["private", "fd00::1"],
    ["::ffff:0:0/96", "::ffff:127.0.0.1"],
  ])("with %s allowed lets %s pass", (rule, address) => {
    expect(refusal(address, [rule])).toBeUndefined();
  });

  it.each([
    ["127.0.0.1:81", "127.0.0.1"],
    ["[::1]:81", "::1"],
    ["127.0.0.1", "::ffff:127.0.0.1"],
    ["127.0.0.1", "127.0.0.2"],
    ["0.0.0.0/0", "::1"],
    ["0.0.0.0/0", "::ffff:127.0.0.1"],
    ["private", "127.0.0.1"],
    ["private", "169.254.169.254"],
    ["loopback", "10.0.0.1"],
  ])("with %s allowed still refuses %s", (rule, address) => {
    expect(refusal(address, [rule])).toBeDefined();
  });

  it("takes a name for whatever it resolves to, on its port", () => {
    expect(refusal("10.0.0.5", ["ERP.internal."], "erp.internal")).toBeUndefined();
    expect(refusal("10.0.0.5", ["erp.internal:8080"], "erp.internal", 8080)).toBeUndefined();
    expect(refusal("10.0.0.5", ["erp.internal:8080"], "erp.internal", 80)).toBe("private");
    expect(refusal("10.0.0.5", ["erp.internal"], "not-erp.internal")).toBe("private");
    expect(refusal("10.0.0.5", ["bücher.example"], "xn--bcher-kva.example")).toBeUndefined();
  });

  it.each([
    "",
    "http://a",
    "a b",
    "*.a",
    "127.1",
    "0x7f.1",
    "10.0.0.0/33",
    "::/129",
    "a/8",
    "a:0",
    "a:70000",
    "[a]",
    "-a",
  ])("says of the rule %j that it cannot be used", (rule) => {
    expect(() => parseAddressRule(rule)).toThrow(
      expect.objectContaining({ code: "invalid_configuration", message: expect.stringContaining("network.allow") }),
    );
  });
});
