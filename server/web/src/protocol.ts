// Made by `make types` from the server's own descriptions: change those, not this file.

/**
 * Where one task of a run stands.
 */
export type TaskState = "WAITING" | "READY" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELED";
/**
 * Where a run stands.
 */
export type RunState = "PENDING" | "RUNNING" | "PAUSED" | "COMPLETED" | "FAILED" | "STOPPED";
/**
 * The codes of the errors that a call may be answered with.
 */
export type ErrorCode =
  -32700 | -32600 | -32601 | -32602 | -32603 | -32001 | -32002 | -32003 | -32004 | -32005 | -32006;

export interface Protocol {
  Methods: Methods;
  Notifications: Notifications;
  ErrorCode: ErrorCode;
}
/**
 * Every call: what it takes and what it gives.
 */
export interface Methods {
  /**
   * Add a block at the end of a task's list.
   */
  "block.add": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The block, as it stands in a graph.
       */
      block: {
        [k: string]: unknown;
      };
    };
    result: Edited;
  };
  /**
   * Add to the end of a block's content, as the block's type understands it.
   */
  "block.append": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
      content: unknown;
    };
    result: Edited;
  };
  /**
   * What is wrong with a block's content; paths are relative to the content.
   */
  "block.check": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
    };
    result: Problems;
  };
  /**
   * The value of a block over the task's inputs, the blocks before it being evaluated too.
   */
  "block.evaluate": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
      inputs?: {
        [k: string]: unknown;
      };
    };
    result: Evaluated;
  };
  /**
   * A block of a task.
   */
  "block.get": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
    };
    result: Block;
  };
  /**
   * Take a block out, with its links.
   */
  "block.remove": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
    };
    result: Edited;
  };
  /**
   * Replace a block's content.
   */
  "block.write": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * The id of a block.
       */
      block: string;
      content: {
        [k: string]: unknown;
      };
    };
    result: Edited;
  };
  /**
   * Publish an event to the runs that go on, whose tasks may wait for it now or later.
   */
  "event.publish": {
    params: {
      name: string;
      payload?: unknown;
      /**
       * The run that it is meant for; every run that goes on, if it is missing.
       */
      run?: string | null;
    };
    result: Delivered;
  };
  /**
   * The installed plugins, and what is wrong with those that do not work.
   */
  "plugins.list": {
    params: {};
    result: Plugins;
  };
  /**
   * The OpenRPC document of this server: every method with its parameters, result and errors.
   */
  "rpc.discover": {
    params: {};
    result: Document;
  };
  /**
   * Give a task that waits for a person an answer; it is on record then.
   */
  "run.answer": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      /**
       * The id of a task that asks, one in a body as `each[2].approve`.
       */
      task: string;
      /**
       * The answer; for a checklist `{item: true or false}`.
       */
      value: unknown;
      /**
       * The id of the block that is answered, where the task asks by block.
       */
      block?: string | null;
    };
    result: Started;
  };
  /**
   * The tasks of a run that run now.
   */
  "run.current": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Current;
  };
  /**
   * Let a run go on with another graph; refused, tasks named, where something that has begun would change.
   */
  "run.edit": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      graph: {
        [k: string]: unknown;
      };
    };
    result: Started;
  };
  /**
   * A part of a run's journal, large values replaced; fewer than `limit` where they would be too large a message.
   */
  "run.events": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      /**
       * The events beyond this number.
       */
      after?: number;
      limit?: number;
    };
    result: Events;
  };
  /**
   * Why a task waits, ran, was canceled, failed or ran again.
   */
  "run.explain": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      /**
       * The id of a task; one in a body as `each[2].double`.
       */
      task: string;
    };
    result: Explained;
  };
  /**
   * A run as it stands, large values replaced.
   */
  "run.get": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Run;
  };
  /**
   * The runs that are kept, the newest first.
   */
  "run.list": {
    params: {
      workflow?: string | null;
      state?: ("PENDING" | "RUNNING" | "PAUSED" | "COMPLETED" | "FAILED" | "STOPPED") | null;
      limit?: number;
      /**
       * A run of an earlier answer: the ones that come after it in the list.
       */
      after?: string | null;
    };
    result: Runs;
  };
  /**
   * What a run gave.
   */
  "run.outputs": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Outputs;
  };
  /**
   * Start nothing new until `run.resume`; what runs, runs on.
   */
  "run.pause": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Started;
  };
  /**
   * Start a new run of the same graph, using again what does not come after `from`.
   */
  "run.rerun": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      /**
       * The first task to be done again; all, if it is missing.
       */
      from?: string | null;
      /**
       * Those of the old run, if they are missing.
       */
      inputs?: {
        [k: string]: unknown;
      } | null;
    };
    result: Started;
  };
  /**
   * Go on after `run.pause`.
   */
  "run.resume": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Started;
  };
  /**
   * Let a failed run go on from what failed.
   */
  "run.retry": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Started;
  };
  /**
   * Start a run and answer at once. Inputs that do not fit are listed in the error's `data.problems`.
   */
  "run.start": {
    params: {
      /**
       * The id of a stored workflow.
       */
      workflow?: string | null;
      /**
       * A graph, run without being kept as a workflow.
       */
      graph?: {
        [k: string]: unknown;
      } | null;
      inputs?: {
        [k: string]: unknown;
      };
      /**
       * Tasks that run at a time.
       */
      max_concurrency?: number | null;
      durability?: ("sync" | "async" | "exit") | null;
      /**
       * What the calls of the run may come to together; goes before the `limits` of the graph.
       */
      limits?: LimitSettings | null;
      /**
       * The caller's own name: the same key again is the same run.
       */
      key?: string | null;
    };
    result: Started;
  };
  /**
   * End a run; the answer comes when what ran has ended. A run that is over stays as it is.
   */
  "run.stop": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
    };
    result: Started;
  };
  /**
   * Open the session. It comes first where the server has a token; a wrong one closes the connection (4401).
   */
  "session.hello": {
    params: {
      /**
       * The version of the protocol that the client speaks.
       */
      protocol: number;
      /**
       * The server's token, where it has one.
       */
      token?: string | null;
    };
    result: Welcome;
  };
  /**
   * Answer, to show that the connection lives.
   */
  "session.ping": {
    params: {};
    result: Done;
  };
  /**
   * Have events sent as `event` notifications, from now on or from after an event, without a gap or a repeat.
   */
  subscribe: {
    params: {
      /**
       * One run.
       */
      run?: string | null;
      /**
       * With `run`: replay what came after this event, then follow.
       */
      after?: number | null;
      /**
       * Every run of this workflow, and its changes.
       */
      workflow?: string | null;
      /**
       * Every run, and every change.
       */
      all?: boolean | null;
    };
    result: Subscribed;
  };
  /**
   * Add a task at the end of the list.
   */
  "task.add": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The task, as it stands in a graph.
       */
      task: {
        [k: string]: unknown;
      };
    };
    result: Edited;
  };
  /**
   * Draw a connection.
   */
  "task.connect": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * `task` or `task.port`.
       */
      from: string;
      /**
       * `task` or `task.port`.
       */
      to: string;
    };
    result: Edited;
  };
  /**
   * Remove a connection.
   */
  "task.disconnect": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * `task` or `task.port`.
       */
      from: string;
      /**
       * `task` or `task.port`.
       */
      to: string;
    };
    result: Edited;
  };
  /**
   * A task of a workflow.
   */
  "task.get": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
    };
    result: Task;
  };
  /**
   * Give a task another place in the list, or let it exchange its place in the flow with another task.
   */
  "task.move": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * Its place in the list, from 0.
       */
      index?: number | null;
      /**
       * The task with which it exchanges its place in the flow.
       */
      swap?: string | null;
    };
    result: Edited;
  };
  /**
   * Take a task out, with its connections.
   */
  "task.remove": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
    };
    result: Edited;
  };
  /**
   * Make it a task of another type.
   */
  "task.set_type": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      type: string;
      /**
       * Settings for the new type; those of the old one go.
       */
      config?: {
        [k: string]: unknown;
      } | null;
    };
    result: Edited;
  };
  /**
   * Change fields of a task; its connections follow it to a new `id`.
   */
  "task.update": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      /**
       * The id of a task.
       */
      task: string;
      /**
       * Fields of the task and their new values; null takes a field away.
       */
      changes: {
        [k: string]: unknown;
      };
    };
    result: Edited;
  };
  /**
   * Set a trigger that stands alone.
   */
  "trigger.create": {
    params: {
      /**
       * `{id?, type, config, inputs?, action?, workflow?, enabled?, misfire?, overlap?}`.
       */
      trigger: {
        [k: string]: unknown;
      };
    };
    result: TriggerId;
  };
  /**
   * Forget a trigger and its firings; runs that it has started go on.
   */
  "trigger.delete": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
    };
    result: Done;
  };
  /**
   * Let a trigger fire no more, until it is enabled.
   */
  "trigger.disable": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
    };
    result: TriggerId;
  };
  /**
   * Let a trigger fire again; it begins anew.
   */
  "trigger.enable": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
    };
    result: TriggerId;
  };
  /**
   * Fire a trigger now, whatever its type, and whether or not it is enabled.
   */
  "trigger.fire": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
      payload?: unknown;
      /**
       * The caller's own name: the same key again is the same firing.
       */
      key?: string | null;
    };
    result: Fired;
  };
  /**
   * The firings of a trigger, with what came of each.
   */
  "trigger.firings": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
      /**
       * The newest so many.
       */
      limit?: number;
    };
    result: Firings;
  };
  /**
   * A trigger as it was written, and how it does.
   */
  "trigger.get": {
    params: {
      /**
       * The id of a trigger; one in a workflow's document as `workflow.trigger`.
       */
      trigger: string;
    };
    result: OneTriggerTold;
  };
  /**
   * All triggers: those that stand alone, in workflows, or were set by runs.
   */
  "trigger.list": {
    params: {};
    result: Told;
  };
  /**
   * The moments at which triggers will fire, as far as they go by time.
   */
  "trigger.next": {
    params: {
      /**
       * One trigger; all of them, if it is missing.
       */
      trigger?: string | null;
      /**
       * How many moments at most.
       */
      count?: number;
    };
    result: Upcoming;
  };
  /**
   * Replace a trigger; where it fires otherwise than before, it begins anew.
   */
  "trigger.update": {
    params: {
      /**
       * `{id?, type, config, inputs?, action?, workflow?, enabled?, misfire?, overlap?}`.
       */
      trigger: {
        [k: string]: unknown;
      };
    };
    result: TriggerId;
  };
  /**
   * One type; a conflict where several plugins offer it.
   */
  "types.get": {
    params: {
      kind: "block" | "task" | "trigger" | "store" | "executor";
      name: string;
    };
    result: Described;
  };
  /**
   * The installed types, by kind and name; nothing where the client has them already.
   */
  "types.list": {
    params: {
      /**
       * Only types of this kind.
       */
      kind?: ("block" | "task" | "trigger" | "store" | "executor") | null;
      /**
       * The hash of a list that the client has; that is not sent again.
       */
      hash?: string | null;
    };
    result: Types;
  };
  /**
   * End a subscription; nothing of it comes after the answer.
   */
  unsubscribe: {
    params: {
      subscription: string;
    };
    result: Done;
  };
  /**
   * A value that was too large to be sent along, or any other output of a run or its tasks.
   */
  "value.get": {
    params: {
      /**
       * The id of a run.
       */
      run: string;
      /**
       * A port; `inputs.NAME` for an input of the run.
       */
      port: string;
      /**
       * The id of a task; null for the run's own outputs and inputs.
       */
      task?: string | null;
    };
    result: Value;
  };
  /**
   * Everything that is wrong with a stored workflow or with a graph; nothing is run.
   */
  "workflow.check": {
    params: {
      workflow?: string | null;
      graph?: unknown;
    };
    result: Problems;
  };
  /**
   * Keep a new workflow.
   */
  "workflow.create": {
    params: {
      /**
       * The graph; a draft may have problems.
       */
      graph: {
        [k: string]: unknown;
      };
    };
    result: Revision;
  };
  /**
   * Forget a workflow; its runs stay.
   */
  "workflow.delete": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
    };
    result: Done;
  };
  /**
   * A workflow with its graph.
   */
  "workflow.get": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
    };
    result: Workflow;
  };
  /**
   * A workflow's tasks and connections as a drawing.
   */
  "workflow.graph": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      format?: "mermaid" | "dot" | "json";
    };
    result: Graph;
  };
  /**
   * All workflows, without their graphs.
   */
  "workflow.list": {
    params: {};
    result: Workflows;
  };
  /**
   * Replace a workflow's graph; a conflict where another revision stands.
   */
  "workflow.update": {
    params: {
      /**
       * The id of a workflow.
       */
      workflow: string;
      graph: {
        [k: string]: unknown;
      };
      /**
       * The revision that the change is based on.
       */
      revision: number;
    };
    result: Revision;
  };
}
/**
 * The revision that stands now.
 */
export interface Edited {
  revision: number;
}
/**
 * Everything that is wrong.
 */
export interface Problems {
  problems: Problem[];
}
/**
 * Something that is wrong with a graph.
 */
export interface Problem {
  code: string;
  severity: "error" | "warning";
  /**
   * Where, as a JSON Pointer.
   */
  path: string;
  message: string;
  /**
   * What to do; may be empty.
   */
  hint: string;
  [k: string]: unknown;
}
/**
 * A block's value.
 */
export interface Evaluated {
  value: unknown;
}
/**
 * A block, as it stands in the graph.
 */
export interface Block {
  block: {
    [k: string]: unknown;
  };
}
/**
 * How many runs heard an event.
 */
export interface Delivered {
  delivered: number;
}
/**
 * The plugins that were found.
 */
export interface Plugins {
  plugins: Plugin[];
}
/**
 * An installed plugin.
 */
export interface Plugin {
  name: string;
  distribution: string;
  version: string;
  status: "active" | "broken" | "incompatible" | "conflict" | "disabled";
  /**
   * What is wrong with it; may be empty.
   */
  why: string;
  /**
   * What to do about it, down to the line to type; may be empty.
   */
  remedy: string;
  /**
   * What it offers, as `kind:name`.
   */
  types: string[];
  [k: string]: unknown;
}
/**
 * An OpenRPC document.
 */
export interface Document {
  openrpc: string;
  info: {
    [k: string]: unknown;
  };
  methods: {
    [k: string]: unknown;
  }[];
  components: {
    [k: string]: unknown;
  };
  [k: string]: unknown;
}
/**
 * A run.
 */
export interface Started {
  run: string;
}
/**
 * The tasks that run.
 */
export interface Current {
  tasks: string[];
}
/**
 * Events of a run, in order.
 */
export interface Events {
  events: Fact[];
}
/**
 * One event of a run's journal.
 */
export interface Fact {
  run: string;
  seq: number;
  /**
   * When it happened (UTC, ISO 8601).
   */
  time: string;
  /**
   * What happened, as `task.completed`.
   */
  type: string;
  /**
   * The task that it is about.
   */
  task?: string | null;
  /**
   * The facts; `{$value: {task, port, size}}` stands for a large value.
   */
  data: {
    [k: string]: unknown;
  };
  [k: string]: unknown;
}
/**
 * The state of a task, and why it is so: the causes, nearest first.
 */
export interface Explained {
  state: TaskState;
  because: Cause[];
}
/**
 * One reason why a task is in its state; its facts stand beside `what`.
 */
export interface Cause {
  /**
   * The code of the cause.
   */
  what: string;
  message: string;
  [k: string]: unknown;
}
/**
 * A run as it stands; `tasks` by id, those of bodies under names such as `each[2].double`.
 */
export interface Run {
  run: string;
  state: RunState;
  tasks: {
    [k: string]: TaskNow;
  };
  outputs: {
    [k: string]: unknown;
  };
  /**
   * The number of its last event.
   */
  seq: number;
  /**
   * Why it failed.
   */
  error?: Failure | null;
}
/**
 * A task of a run as it stands.
 */
export interface TaskNow {
  state: TaskState;
  /**
   * What its alive ports carry, large values replaced.
   */
  outputs: {
    [k: string]: unknown;
  };
  /**
   * Why it is canceled.
   */
  reason?: string | null;
  error?: Failure | null;
  /**
   * UTC, ISO 8601; null if it has not been.
   */
  started: string | null;
  /**
   * UTC, ISO 8601; null if it has not been.
   */
  finished: string | null;
  [k: string]: unknown;
}
/**
 * Why something failed.
 */
export interface Failure {
  /**
   * What kind of failure it is, for programs.
   */
  type: string;
  message: string;
  /**
   * The task that failed.
   */
  task?: string | null;
  /**
   * The task in its body, as `each[1].d`.
   */
  inner?: string | null;
  [k: string]: unknown;
}
/**
 * Runs, the newest first.
 */
export interface Runs {
  runs: RunRow[];
}
/**
 * A run in a list.
 */
export interface RunRow {
  run: string;
  workflow: string | null;
  /**
   * The name in its graph.
   */
  name: string | null;
  state: RunState;
  /**
   * When it was accepted (UTC, ISO 8601).
   */
  created: string;
  /**
   * When its last event happened; null if none has.
   */
  changed: string | null;
  [k: string]: unknown;
}
/**
 * What a run gave, in full; empty until it has ended.
 */
export interface Outputs {
  outputs: {
    [k: string]: unknown;
  };
}
/**
 * `limits` of a workflow or a run: what its calls may come to together.
 */
export interface LimitSettings {
  calls?: number | null;
  tokens?: number | null;
  seconds?: (number | string) | null;
}
/**
 * The server, the protocol it speaks, and what a client may ask of it.
 */
export interface Welcome {
  server: Server;
  protocol: number;
  /**
   * message (bytes), depth (levels), subscriptions and calls (at a time), rate (calls a second), burst (calls at once), value (bytes, beyond which one is replaced).
   */
  limits: {
    [k: string]: number;
  };
  /**
   * The layers that keep code from the server's machine, and which hold.
   */
  sandbox: {
    [k: string]: boolean;
  };
}
/**
 * Who answers.
 */
export interface Server {
  name: string;
  version: string;
  [k: string]: unknown;
}
/**
 * An empty result: it is done.
 */
export interface Done {}
/**
 * A subscription, and the number of the last event of what it follows.
 */
export interface Subscribed {
  subscription: string;
  seq: number;
}
/**
 * A task, as it stands in the graph.
 */
export interface Task {
  task: {
    [k: string]: unknown;
  };
}
/**
 * The id of a trigger.
 */
export interface TriggerId {
  trigger: string;
}
/**
 * A firing, and the run that it started; none yet where it waits for another one.
 */
export interface Fired {
  firing: string;
  state: string;
  run?: string | null;
  /**
   * Why it failed, as `{type, message}`.
   */
  error?: {
    [k: string]: unknown;
  } | null;
}
/**
 * Firings, the newest first: each `{id, trigger, time, state, run?, outputs?, error?, reason?, payload?}`.
 */
export interface Firings {
  firings: {
    [k: string]: unknown;
  }[];
}
/**
 * A trigger as it was written, and how it does.
 */
export interface OneTriggerTold {
  id: string;
  type?: unknown;
  enabled: boolean;
  /**
   * Its next moment (UTC, ISO 8601), where it goes by time.
   */
  next: string | null;
  /**
   * The workflow in whose document it stands.
   */
  holder?: string;
  /**
   * Where its listener can be reached.
   */
  address?: string;
  /**
   * Why it cannot fire.
   */
  problem?: string;
  [k: string]: unknown;
}
/**
 * Triggers.
 */
export interface Told {
  triggers: OneTriggerTold[];
}
/**
 * Moments to come, the earliest first.
 */
export interface Upcoming {
  upcoming: Moment[];
}
/**
 * A moment at which a trigger will fire.
 */
export interface Moment {
  trigger: string;
  time: string;
}
/**
 * One type, as in `types.list`.
 */
export interface Described {
  type: Type;
}
/**
 * A type that can be used; `schema`, `ports` and what it says about itself as far as it has them.
 */
export interface Type {
  kind: string;
  name: string;
  plugin: string;
  distribution: string;
  [k: string]: unknown;
}
/**
 * Types, by kind and name.
 */
export interface Types {
  types: Type[];
  /**
   * Changes with anything that any installed type says about itself.
   */
  hash: string;
  /**
   * Whether the client has this list already; then it is empty here.
   */
  unchanged?: boolean;
}
/**
 * A value, in full.
 */
export interface Value {
  value: unknown;
}
/**
 * A workflow and the revision that stands now.
 */
export interface Revision {
  workflow: string;
  revision: number;
}
/**
 * A workflow with its graph.
 */
export interface Workflow {
  workflow: string;
  revision: number;
  graph: {
    [k: string]: unknown;
  };
}
/**
 * A drawing, as text.
 */
export interface Graph {
  graph: string;
}
/**
 * Workflows, in the order in which they were made.
 */
export interface Workflows {
  workflows: WorkflowRow[];
}
/**
 * A workflow in a list.
 */
export interface WorkflowRow {
  workflow: string;
  revision: number;
  name?: string | null;
  title?: unknown;
  /**
   * When it was last changed (UTC, ISO 8601).
   */
  changed: string;
  [k: string]: unknown;
}
/**
 * What the server tells unasked, by the name of the notification.
 */
export interface Notifications {
  event: {
    /**
     * The subscription that it is for.
     */
    subscription: string;
    /**
     * The run that it is about; null outside of runs.
     */
    run: string | null;
    /**
     * When it happened (UTC, ISO 8601).
     */
    time: string;
    /**
     * What happened, as `task.completed`.
     */
    type: string;
    /**
     * The facts; `{$value: {task, port, size}}` stands for a large value.
     */
    data: {
      [k: string]: unknown;
    };
    /**
     * 1, 2, 3… within the run, or outside of runs; task.progress and task.output have none.
     */
    seq?: number | null;
    /**
     * The task that it is about.
     */
    task?: string | null;
  };
}
