#!/usr/bin/env node
import { startTool } from "./start-tool.ts";

await startTool("rabbitmq-queues");
