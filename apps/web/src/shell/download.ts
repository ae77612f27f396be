/** Gives a file to the browser, which keeps it where downloads are kept. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  follow(url, name);
  URL.revokeObjectURL(url);
}

/** The same for what lies at an address of this server, which names the file. */
export function follow(url: string, name = ""): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
