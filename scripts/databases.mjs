// Prints the D1 databases of wrangler.toml for an environment: "BINDING NAME", one a line.
import { unstable_readConfig as readConfig } from 'wrangler';

const env = process.argv[2] || undefined;
const { d1_databases: databases } = readConfig(
  { config: 'wrangler.toml', ...(env && { env }) },
  { hideWarnings: true },
);
for (const { binding, database_name } of databases) console.log(`${binding} ${database_name}`);
