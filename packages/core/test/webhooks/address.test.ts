/** Where webhooks may go: the table of address families, the operator's list, and every spelling of the same address. */
import { mayConnect, parseAddressRules } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const rules = (setting?: string) => {
  const parsed = parseAddressRules(setting);
  if (parsed === undefined) throw new Error("not a list");
  return parsed;
};
const may = (address: string, setting?: string, host = "example.com") => mayConnect(address, host, rules(setting));

const OPEN =
  "8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.1.1.1 128.0.0.1 172.15.0.1 172.32.0.1 192.167.1.1 192.169.0.1 223.255.255.255 2606:4700::1111 2a00:1450:4001::200e ::ffff:8.8.8.8 2001:4860:4860::8888 3ffe::1";

const REFUSED: Readonly<Record<string, string>> = {
  unspecified: "0.0.0.0 0.1.2.3 ::",
  loopback: "127.0.0.1 127.255.255.254 ::1",
  private: "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fd12:3456::1",
  "link-local": "169.254.0.1 fe80::1 fe80::1%eth0 febf::1",
  metadata: "169.254.169.254 fd00:ec2::254 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe",
  CGNAT: "100.64.0.1 100.127.255.255",
  "IPv4-mapped": "::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 0:0:0:0:0:ffff:192.168.1.1",
  "IPv4-compatible": "::127.0.0.1 ::7f00:1 ::10.0.0.1",
  translated: "64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001:0:1::1",
  documentation: "192.0.2.1 198.51.100.1 203.0.113.9 2001:db8::1 3fff::1",
  benchmark: "198.18.0.1 198.19.255.255",
  multicast: "224.0.0.1 239.255.255.255 ff02::1",
  reserved: "240.0.0.1 255.255.255.255 192.0.0.170 192.88.99.1 100::1",
  "site-local": "fec0::1",
  nonsense:
    "localhost 1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 0x7f.0.0.1 2130706433 :: ::1:: 1::2::3 12345::1 g::1 1:2:3:4:5:6:7:8:9",
};

describe("addresses", () => {
  it.each(OPEN.split(" "))("%s is open", (address) => expect(may(address)).toBe(true));

  it.each(Object.entries(REFUSED).flatMap(([kind, list]) => list.split(" ").map((one) => [kind, one])))(
    "%s: %s is refused",
    (_kind, address) => expect(may(address)).toBe(false),
  );

  it("an empty text is refused", () => expect(may("")).toBe(false));

  it("an IPv4 address and its mapped spellings are judged alike", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
        const hex = `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        expect(may(`::ffff:${address}`)).toBe(may(address));
        expect(may(hex)).toBe(may(address));
      }),
    );
  });

  it("never throws, whatever it is given", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV6()), (text) => typeof may(text) === "boolean"));
  });
});

describe("the operator's list", () => {
  it("allows ranges and single addresses", () => {
    expect(may("10.1.2.3", "10.0.0.0/8")).toBe(true);
    expect(may("11.1.2.3", "10.0.0.0/8")).toBe(true);
    expect(may("192.168.1.7", "192.168.1.7")).toBe(true);
    expect(may("192.168.1.8", "192.168.1.7")).toBe(false);
    expect(may("::ffff:10.1.2.3", "10.0.0.0/8")).toBe(true);
    expect(may("fd00::5", "fd00::/8, 127.0.0.0/8")).toBe(true);
    expect(may("10.1.2.131", "10.1.2.128/26")).toBe(true);
    expect(may("10.1.2.200", "10.1.2.128/26")).toBe(false);
  });

  it("allows hosts whatever they resolve to, in any case and with a final dot", () => {
    expect(may("10.1.2.3", "n8n.lan", "N8N.lan.")).toBe(true);
    expect(may("10.1.2.3", "n8n.lan", "other.lan")).toBe(false);
  });

  it("allows everything by `all`, but not what is no address", () => {
    expect(may("127.0.0.1", "all")).toBe(true);
    expect(may("localhost", "all")).toBe(false);
  });

  it("is refused where an item is neither", () => {
    for (const bad of ["10.0.0.0/33", "http://x", "a b", "::/129", "10.0.0.0/8/8", "10.0.0.0/x"]) {
      expect(parseAddressRules(bad), bad).toBeUndefined();
    }
  });
});
