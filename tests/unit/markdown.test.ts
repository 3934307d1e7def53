import { markdown } from "../../local/otlp-sink/markdown";

test.each([
  ["You spent **$5** & more.\n\nNext.", "<p>You spent <strong>$5</strong> &amp; more.</p><p>Next.</p>"],
  [
    "| Where | Cost |\n| --- | ---: |\n| a \\| b | $1 |",
    '<table><tr><th>Where</th><th class="number">Cost</th></tr><tr><td>a | b</td><td class="number">$1</td></tr></table>',
  ],
  ["| not a table", "<p>| not a table</p>"],
  ["| a |\n| --- |\n<script>", "<p>| a |\n| --- |\n&lt;script&gt;</p>"],
  ["`npm start`", "<p><code>npm start</code></p>"],
])("an answer's Markdown, and nothing that it could smuggle in: %j", (text, html) => {
  expect(markdown(text)).toBe(html);
});
