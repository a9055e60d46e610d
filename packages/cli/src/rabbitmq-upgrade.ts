#!/usr/bin/env node
import { runMainProgram } from "./main-program.ts";

await runMainProgram("rabbitmq-upgrade");
