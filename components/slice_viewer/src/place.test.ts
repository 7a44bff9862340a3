import { expect, it } from "vitest";
import { View } from "./camera";
import { placeOf, readPlace, writePlace } from "./place";

it("is written and read back", () => {
  const place = placeOf(new View(1.7, 20, -30, 800, 600, 2), "y", 512);
  expect(writePlace(place)).toBe("xz_223_512_194_0.85");
  expect(readPlace(writePlace(place))).toEqual(place);
});

it.each(["", "xy", "zz_1_2_3_1", "xy_1_2_3_0", "xy_1_2_3", "xy_1.5_2_3_1", "xy_1_2_3_1;drop"])("is not %j", (text) => {
  expect(readPlace(text)).toBeNull();
});
