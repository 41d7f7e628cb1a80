"""Writes front ends (npm workspaces) in TypeScript and React that use well-known packages: node_app.py FOLDER PACKAGES COMPONENTS."""
import json
import pathlib
import sys

from words import Words

COMPONENTS = ["Button", "Card", "Form", "Input", "Modal", "Select", "Space", "Switch", "Table", "Tabs", "Tag", "Tooltip", "Upload", "DatePicker", "Tree"]


def component(words, number, count):
    used = sorted(words.random.sample(COMPONENTS, 4))
    fields = [f"{words.random.choice(words.vocabulary)}{index}" for index in range(words.random.randint(4, 9))]
    shape = "\n".join(f"  {field}: {words.random.choice(['string', 'number', 'boolean', 'Date', 'string[]'])};" for field in fields)
    children = sorted(words.random.sample(range(number + 1, count), min(2, count - number - 1)))
    imports = "\n".join(f"import {{ View{child} }} from './View{child}';" for child in children)
    columns = "\n".join(f"  {{ title: '{words.text(2)}', dataIndex: '{field}', sorter: (a: Row, b: Row) => String(a.{field}).localeCompare(String(b.{field})) }}," for field in fields)
    return f"""import React, {{ useEffect, useMemo, useState }} from 'react';
import {{ {', '.join(sorted(set(used + ['Card', 'Table'])))} }} from 'antd';
import {{ groupBy, sortBy, sumBy, debounce }} from 'lodash-es';
import * as d3 from 'd3';
import moment from 'moment';
import {{ interval, map, scan, takeWhile }} from 'rxjs';
{imports}

export interface Row {{
  key: number;
{shape}
}}

const columns = [
{columns}
];

/** {words.text(12)}. */
export function View{number}({{ rows, depth }}: {{ rows: Row[]; depth: number }}): React.ReactElement {{
  const [tick, setTick] = useState(0);
  const groups = useMemo(() => groupBy(sortBy(rows, row => row.{fields[0]}), row => String(row.{fields[1]})), [rows]);
  const scale = useMemo(() => d3.scaleLinear().domain([0, sumBy(rows, row => row.key)]).range([0, 100]), [rows]);
  useEffect(() => {{
    const subscription = interval(1000).pipe(scan(count => count + 1, 0), map(count => count * {number + 1}), takeWhile(count => count < 1e6)).subscribe(debounce(setTick, 50));
    return () => subscription.unsubscribe();
  }}, []);
  return (
    <Card title="{words.text(3)}" extra={{moment().add(tick, 'seconds').fromNow()}}>
      <p>{words.text(40)}</p>
      <Table<Row> dataSource={{rows}} columns={{columns}} footer={{() => `${{Object.keys(groups).length}} {words.text(2)}, ${{scale(tick).toFixed(1)}} %`}} />
      {' '.join(f'{{depth > 0 && <View{child} rows={{[]}} depth={{depth - 1}} />}}' for child in children)}
    </Card>
  );
}}
"""


def package(words, folder, count):
    (folder / "src").mkdir(parents=True)
    for number in range(count):
        (folder / "src" / f"View{number}.tsx").write_text(component(words, number, count))
    (folder / "src" / "index.tsx").write_text("""import React from 'react';
import { createRoot } from 'react-dom/client';
import * as THREE from 'three';
import { Chart, registerables } from 'chart.js';
import { View0 } from './View0';

Chart.register(...registerables);
console.log(THREE.REVISION, Object.keys(THREE).length);
createRoot(document.getElementById('root')!).render(<View0 rows={[]} depth={5} />);
""")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": {
        "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "jsx": "react", "strict": True, "esModuleInterop": True, "skipLibCheck": True},
        "include": ["src"]}, indent=2))
    (folder / "webpack.config.cjs").write_text("""module.exports = {
  mode: 'production',
  entry: './src/index.tsx',
  devtool: 'source-map',
  performance: { hints: false },
  resolve: { extensions: ['.tsx', '.ts', '.js'] },
  module: { rules: [{ test: /\\.tsx?$/, loader: 'ts-loader', options: { transpileOnly: true } }] },
};
""")
    (folder / "package.json").write_text(json.dumps({"name": folder.name, "version": "1.0.0", "private": True, "scripts": {"build": "tsc --noEmit && webpack"}}, indent=2))


def main():
    folder, packages, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(4)
    for number in range(packages):
        package(words, folder / "packages" / f"front-end-{number}", count)
    root = json.loads((folder / "package.json").read_text())
    root["workspaces"] = ["packages/*"]
    (folder / "package.json").write_text(json.dumps(root, indent=2))


main()
