import { test } from "node:test";
import { expectTypeOf } from "expect-type";
import { node } from "../lib/board.ts";
import { type ConfigInput, config } from "../lib/config.ts";
import { all } from "../lib/core/all.ts";
import { cmd } from "../lib/core/cmd.ts";
import { isFault, TpiError } from "../lib/core/fault.ts";
import { sh } from "../lib/core/spawn.ts";
import type { Step } from "../lib/core/step.ts";
import { type Flash, type FlashReport, flash } from "../lib/flash.ts";
import type { Image } from "../lib/image.ts";
import type { Node, Ready } from "../lib/node.ts";

// What does not compile is called inside functions that never run: tsc judges this file, the runner only loads it.
test("the promises of the types are kept", () => {
  const never = async (numeral: Step<number>, word: Step<string>) => {
    expectTypeOf(await numeral).toEqualTypeOf<number>();
    expectTypeOf(numeral.timeout("20m").retry(2).again()).toEqualTypeOf<Step<number>>();
    expectTypeOf(await all({ numeral, word })).toEqualTypeOf<{ numeral: number; word: string }>();
    expectTypeOf(await all([numeral, word])).toEqualTypeOf<[number, string]>();
    expectTypeOf(await all([1, 2], async (item) => String(item))).toEqualTypeOf<string[]>();
    expectTypeOf(await sh`ls`.lines()).toEqualTypeOf<readonly string[]>();

    // @ts-expect-error a duration has its unit as one letter
    void numeral.timeout("20 minutes");
    // @ts-expect-error a duration is a number and a unit
    void numeral.timeout("soon");
    // @ts-expect-error nothing can be quoted from an object
    void cmd`echo ${{ a: 1 }}`;
    // @ts-expect-error nor from undefined
    void cmd`echo ${undefined}`;
    // @ts-expect-error all of nothing that can be awaited
    await all([1, 2]);
  };
  void never;
});

test("a fault's details are typed by its code", () => {
  const never = (error: unknown) => {
    if (isFault(error, "TIMED_OUT"))
      expectTypeOf(error.details).toEqualTypeOf<{ step: string; limit: string }>();
    // @ts-expect-error a code of the table
    isFault(error, "NO_SUCH_CODE");
    // @ts-expect-error with the details of that code
    throw new TpiError("TIMED_OUT", { step: "s" });
  };
  void never;
});

test("a configuration in code is checked while it is typed", () => {
  expectTypeOf<ConfigInput["nodes"]>().not.toBeAny();
  const never = () => {
    expectTypeOf(config({ board: "b" }).nodes[0]).toEqualTypeOf<
      ReturnType<typeof config>["nodes"][number] | undefined
    >();
    expectTypeOf(config().nodes[0]?.slot).toEqualTypeOf<1 | 2 | 3 | 4 | undefined>();
    // @ts-expect-error there are four slots
    config({ board: "b", nodes: { 5: "rk1" } });
    // @ts-expect-error of known modules
    config({ board: "b", nodes: { 1: "rk2" } });
    // @ts-expect-error a board is needed
    config({ nodes: { 1: "rk1" } });
  };
  void never;
});

test("half a sentence cannot be awaited, and nonsense does not compile", () => {
  expectTypeOf<ReturnType<typeof flash>>().not.toHaveProperty("then");
  expectTypeOf<Awaited<Flash>>().toEqualTypeOf<FlashReport>();
  const never = async (base: Image, one: Node) => {
    expectTypeOf(await flash(base).to(one).keepOff().timeout("20m")).toEqualTypeOf<FlashReport>();
    expectTypeOf(await one.ready()).toEqualTypeOf<Ready>();
    expectTypeOf(await one.sh`uname -r`.text()).toEqualTypeOf<string>();
    expectTypeOf(base.for(one)).toEqualTypeOf<Image>();
    // @ts-expect-error there are four slots
    node(5);
    // @ts-expect-error onto which node
    void flash(base).to();
    // @ts-expect-error a path is no image
    flash("ubuntu.img.xz");
    // @ts-expect-error words of the domain come before those of every step
    void flash(base).to(one).timeout("20m").keepOff();
    // @ts-expect-error a number has no unit
    void one.ready().timeout(20);
    // @ts-expect-error sudo is one of three words
    base.user("ops", { sudo: true });
    // @ts-expect-error a mode is a number
    base.write("/etc/motd", "hello", { mode: "0644" });
  };
  void never;
});
