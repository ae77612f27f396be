/** What is shown instead of the web app where it was not built. */
export const NOT_BUILT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: the page is not built</title>
<body>
<h1>The page is not built</h1>
<p>This Holdfast server is running, and devices and apps can use it, but its web page was not built on this machine.</p>
<p>Build it with <code>npm run build:web</code> and start the server again; <code>npm start</code> does both.</p>
<p>The API is described at <a href="/docs/">/docs</a>.</p>
</body>
</html>
`;
