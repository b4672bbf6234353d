// Prints what a store file is laid out like: its header, tables with their columns, indexes, views.

import { Driver } from '../driver.mjs';

const connection = new Driver(process.argv[2], { readonly: true });
/** @param {string} name */
const pragma = (name) => JSON.stringify(connection.pragma(name));
const lines = ['application_id', 'user_version', 'page_size', 'journal_mode', 'encoding'].map(pragma);
for (const { type, name } of /** @type {any[]} */ (connection.prepare('SELECT type, name FROM sqlite_master ORDER BY type, name').all())) {
  lines.push(`${type} ${name} ${pragma(`table_xinfo('${name}')`)} ${pragma(`index_xinfo('${name}')`)} ${pragma(`index_list('${name}')`)}`);
}
lines.push(JSON.stringify(connection.prepare('SELECT * FROM state').all()), JSON.stringify(connection.prepare('SELECT * FROM objects').all()));
lines.push(JSON.stringify(connection.prepare("SELECT name, length(value), typeof(value) FROM meta").all()));
console.log(lines.join('\n'));
