// Combinations that nobody would write by hand: every kind of tag with every kind of white space and "~"
// around it, and blocks within blocks with paths of every depth.
const whiteSpace = {
	category: 'white space, combined',
	data: [{ t: true, f: false, x: 'X', l: ['a', 'b'] }],
	templates: [],
};

const tags = [
	['{{x}}'],
	['{{!c}}'],
	['{{#if t}}', '{{/if}}'],
	['{{#if f}}', '{{else}}', '{{/if}}'],
	['{{#if f}}', '{{else if t}}', '{{else}}', '{{/if}}'],
	['{{#each l}}', '{{/each}}'],
	['{{^f}}', '{{/f}}'],
	['{{^t}}', '{{^}}', '{{/t}}'],
	['{{{{t}}}}', '{{{{/t}}}}'],
];
const gaps = ['', ' ', '\n', ' \n', '\n ', '\n\n', 'w', ' w\n', '\nw ', '\r\n'];

const tilde = (tag, where) => {
	if (tag.startsWith('{{{{')) return tag;
	const opened = where & 1 ? tag.replace('{{', '{{~') : tag;
	return where & 2 ? opened.replace(/\}\}$/, '~}}') : opened;
};

// A small generator of our own, so that every run compares the same cases.
let state = 20260128;
const random = (below) => {
	state = (Math.imul(state, 1103515245) + 12345) >>> 0;
	return (state >>> 8) % below;
};

for (const sequence of tags) {
	for (const gap of gaps) {
		whiteSpace.templates.push(gap + sequence.join(gap) + gap);
		whiteSpace.templates.push('v' + gap + sequence.join(gap) + gap + 'v');
	}
	for (let i = 0; i < 60; i++) {
		let template = gaps[random(gaps.length)];
		for (const tag of sequence) template += tilde(tag, random(6) % 4) + gaps[random(gaps.length)];
		whiteSpace.templates.push(template);
	}
}
// Tags of several kinds one after the other and inside each other.
const nest = (depth) => {
	let text = gaps[random(gaps.length)];
	for (let i = 0; i <= random(2); i++) {
		const sequence = tags[random(tags.length - (depth > 0 ? 0 : 1))];
		for (const [position, tag] of sequence.entries()) {
			text += tilde(tag, random(8) < 2 ? random(4) : 0) + gaps[random(gaps.length)];
			const inside = position + 1 < sequence.length && !tag.startsWith('{{{{');
			if (inside && depth > 0 && random(2) === 0) text += nest(depth - 1);
		}
	}
	return text;
};
for (let i = 0; i < 600; i++) whiteSpace.templates.push(nest(3));

const paths = {
	category: 'paths, combined',
	data: [
		{ name: 'root', v: 1, o: { name: 'o', v: null, l: [{ name: 'i', v: 'x' }, { name: null, v: 0 }] }, l: [{ name: 'l0', l: [1, '1'] }, { name: '', l: [] }] },
		{ name: 'root', v: '1', o: [], l: { a: { name: 'la', l: { k: 'v' } }, 7: null } },
	],
	templates: [],
};
const openers = ['#if v', '#unless v', '#with o', '#each l', '#each o.l', '#l', '#o', '#with v', '#with this', '#with ../this', '#each .', '#with @root', '#v', '^v', '#name'];
const leaves = ['{{name}}', '{{this}}', '{{.}}', '{{../name}}', '{{../../name}}', '{{../v}}', '{{@index}}', '{{@../index}}', '{{@key}}',
	'{{@../key}}', '{{@first}}{{@last}}', '{{@root.name}}', '{{l.length}}', '{{lookup this "name"}}', '{{lookup ../this "name"}}', '{{./v}}', '{{..}}'];
const close = (opener) => '{{/' + opener.slice(1).split(' ')[0] + '}}';
for (const outer of openers) {
	for (const inner of openers) {
		const some = [0, 1, 2, 3, 4].map(() => leaves[random(leaves.length)]).join('|');
		paths.templates.push(`{{${outer}}}${leaves[random(leaves.length)]}{{${inner}}}[${some}]{{else}}(${leaves[random(leaves.length)]}){{/${inner.slice(1).split(' ')[0]}}}{{else}}<${leaves[random(leaves.length)]}>${close(outer)}`);
	}
}

export const combinations = () => [whiteSpace, paths];
