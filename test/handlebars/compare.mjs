// Renders every case with Handlebars itself and with render.cpp and compares the outputs, as plain text
// (noEscape, how messages are rendered) and as HTML. Nothing expected is stored: what Handlebars prints is
// the truth.
//
// usage: node compare.mjs <program built from render.cpp>
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { combinations } from './combinations.mjs';

Handlebars.logger.log = () => {}; // {{log}} and refused access to prototypes say nothing here

// What Handlebars prints unescaped it joins with "+", so {{a}}{{b}} at the beginning of a block adds two
// numbers: a slip of the generated JavaScript that nobody writes a template for. This one prints each
// value; see `added` below.
function PrintingCompiler() {}
PrintingCompiler.prototype = Object.assign(new Handlebars.JavaScriptCompiler(), {
	compiler: PrintingCompiler,
	append() {
		this.pushSource(this.appendToBuffer(['[', this.popStack(), '].join()']));
	},
});
const Printing = Handlebars.create();
Printing.JavaScriptCompiler = PrintingCompiler;

const written = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'));
const cases = [];
const seen = new Set();
for (const { category, data, templates, refused = false } of [...written, ...combinations()]) {
	for (const template of templates) {
		for (const datum of data) {
			for (const escape of [false, true]) {
				const key = JSON.stringify([template, datum, escape]);
				if (seen.has(key)) continue;
				seen.add(key);
				cases.push({ category, template, data: datum, escape, refused });
			}
		}
	}
}

function truth({ template, data, escape }, handlebars = Handlebars) {
	try {
		return { text: handlebars.compile(template, { noEscape: !escape })(data) };
	} catch (error) {
		return { error: error.message.split('\n')[0] };
	}
}

const input = cases.map(({ template, data, escape }) => JSON.stringify({ template, data, escape })).join('\n') + '\n';
const child = spawnSync(process.argv[2], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
if (child.status !== 0) {
	console.error(`${process.argv[2]} ended with ${child.status ?? child.signal}: ${child.stderr}`);
	process.exit(1);
}
const answers = child.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
if (answers.length !== cases.length) {
	console.error(`${cases.length} cases were sent, ${answers.length} answers came back`);
	process.exit(1);
}

let failed = 0;
let added = 0;
for (const [index, one] of cases.entries()) {
	const expected = truth(one);
	const actual = answers[index];
	// A case is either rendered by both, identically, or marked as refused and refused by both.
	const equal = one.refused
		? expected.error !== undefined && actual.error !== undefined
		: expected.text !== undefined && expected.text === actual.text;
	if (equal) continue;
	if (!one.refused && actual.text !== undefined && truth(one, Printing).text === actual.text) {
		added += 1;
		continue;
	}
	failed += 1;
	if (failed > 20) continue;
	const show = (answer) => (answer.error === undefined ? JSON.stringify(answer.text) : `error: ${answer.error}`);
	console.log(`${one.category}${one.escape ? ' (HTML)' : ''}${one.refused ? ', to be refused' : ''}
  template   ${JSON.stringify(one.template)}
  data       ${JSON.stringify(one.data)}
  Handlebars ${show(expected)}
  playbook   ${show(actual)}`);
}
if (failed > 20) console.log(`… and ${failed - 20} more`);
const pairs = new Set(cases.map(({ template, data }) => JSON.stringify([template, data]))).size;
console.log(`Handlebars ${Handlebars.VERSION}: ${pairs} pairs of template and data, each as text and as HTML`);
console.log(`${added} of them where Handlebars adds neighbouring numbers, compared with what it prints one by one`);
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
