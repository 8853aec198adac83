/**
 * A JSON schema of the extension manifests of VS Code, as its pages "Extension Manifest", "Contribution Points" and "Workspace Trust"
 * describe them, for what this extension has: any other property is an error.
 */
const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: text, minItems: 1 };
const object = (required: readonly string[], properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const list = (items: unknown) => ({ type: 'array', minItems: 1, items });
const menu = list(object(['command', 'when', 'group'], { command: text, when: text, group: text }));

export const MANIFEST_SCHEMA = object(
  ['name', 'version', 'publisher', 'engines', 'main', 'activationEvents', 'contributes'],
  {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' },
    displayName: text,
    description: text,
    publisher: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' },
    version: { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+$' },
    license: text,
    engines: object(['vscode'], { vscode: { type: 'string', pattern: '^\\^\\d+\\.\\d+\\.\\d+$' } }),
    categories: list({ enum: ['Debuggers', 'Visualization', 'Other'] }),
    main: { type: 'string', pattern: '^\\./.+\\.js$' },
    extensionKind: list({ enum: ['ui', 'workspace'] }),
    activationEvents: list({ type: 'string', pattern: '^on[A-Z]\\w+:[\\w.]+$' }),
    capabilities: object([], {
      untrustedWorkspaces: object(['supported', 'description'], {
        supported: { enum: [true, false, 'limited'] },
        description: text,
        restrictedConfigurations: texts,
      }),
      virtualWorkspaces: object(['supported', 'description'], {
        supported: { type: 'boolean' },
        description: text,
      }),
    }),
    contributes: object([], {
      configuration: object(['title', 'properties'], {
        title: text,
        properties: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            required: ['type', 'default', 'scope'],
            properties: {
              scope: { enum: ['application', 'machine', 'machine-overridable', 'window', 'resource'] },
            },
          },
        },
      }),
      languages: list(object(['id', 'extensions'], { id: text, aliases: texts, extensions: texts })),
      customEditors: list(
        object(['viewType', 'displayName', 'selector'], {
          viewType: text,
          displayName: text,
          selector: list(object(['filenamePattern'], { filenamePattern: text })),
          priority: { enum: ['default', 'option'] },
        }),
      ),
      commands: list(
        object(['command', 'title'], {
          command: text,
          title: text,
          category: text,
          icon: { type: 'string', pattern: '^\\$\\([a-z-]+\\)$' },
        }),
      ),
      menus: object([], { 'explorer/context': menu, 'editor/title': menu }),
      breakpoints: list(object(['language'], { language: text })),
      debuggers: list(
        object(['type', 'label', 'configurationAttributes'], {
          type: text,
          label: text,
          languages: texts,
          configurationAttributes: object([], { launch: { type: 'object' }, attach: { type: 'object' } }),
          initialConfigurations: { type: 'array', items: { type: 'object' } },
          configurationSnippets: list(
            object(['label', 'body'], { label: text, description: text, body: { type: 'object' } }),
          ),
        }),
      ),
    }),
  },
);
