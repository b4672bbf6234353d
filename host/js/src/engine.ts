/**
 * The engine: the component, loaded once, from which every subsystem is an instance of its own.
 */

import { Backends } from './backends.js';
import { Subsystem } from './subsystem.js';
import type { instantiate } from './wire.js';

/** How the engine is loaded. */
export interface EngineOptions {
  /** The folder of the translated component, with a `/` at its end; the package's own if not given. */
  component?: URL;
}

/** The loaded component. */
export class Engine {
  readonly #instantiate: typeof instantiate;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();
  readonly #folder: URL;

  /** @internal */
  constructor(folder: URL, translated: typeof instantiate) {
    this.#folder = folder;
    this.#instantiate = translated;
  }

  #module(name: string): Promise<WebAssembly.Module> {
    let module = this.#modules.get(name);
    if (!module) this.#modules.set(name, module = compile(new URL(name, this.#folder)));
    return module;
  }

  /** A subsystem over granted backends; everything in memory if none are given. */
  subsystem(backends = Backends.memory()): Promise<Subsystem> {
    return Subsystem.open({ instantiate: this.#instantiate, getCoreModule: (name) => this.#module(name) }, backends);
  }
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  if (url.protocol !== 'file:') return WebAssembly.compileStreaming(fetch(url));
  const { readFile } = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(url));
}

/** Loads the engine. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const folder = options.component ?? new URL('../component/', import.meta.url);
  const { instantiate: translated } = await import(new URL('session.js', folder).href) as { instantiate: typeof instantiate };
  return new Engine(folder, translated);
}
