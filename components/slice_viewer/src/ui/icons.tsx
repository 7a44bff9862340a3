/** The icons of the viewer: 20 px outlines in the colour of the text around them. */
import * as React from "react";

const PATHS = {
  pan: "M12 3.5v17M3.5 12h17M9.5 6 12 3.5 14.5 6M9.5 18l2.5 2.5 2.5-2.5M6 9.5 3.5 12 6 14.5M18 9.5l2.5 2.5-2.5 2.5",
  brush: "M20.5 3.5 12 12M11.3 11.4c-2.3-.3-4.2 1-4.5 3.2-.3 2-1.1 3.4-3.3 4.1 2.2 1.8 6.4 2 8.3.1 1.5-1.5 1.6-3.8.3-5.4M12 12l1.4 1.2 7.1-9.7",
  eraser: "M8.4 19.5 3.8 15a1.4 1.4 0 0 1 0-2L13 3.8a1.4 1.4 0 0 1 2 0l5.2 5.2a1.4 1.4 0 0 1 0 2l-8.5 8.5zM8.2 8.6l7.2 7.2M8.4 19.5H20",
  freeform: "M10.5 5c4.2-2.4 9.8-.8 9.8 3.6 0 3.800-4.300 2.900-4.900 6.100-.6 3.500-4.300 5.800-8 4.300-4-1.600-4.700-6.300-2.300-9.300C6.600 7.800 8.300 6.300 10.500 5z",
  polygon: "M11 4.500 20 9.500l-2.500 9.500H7L3.800 11z",
  rectangle: "M4 6h16v12H4z",
  ellipse: "M12 5.500c5 0 8.500 2.900 8.500 6.500s-3.500 6.500-8.500 6.500S3.500 15.600 3.500 12 7 5.500 12 5.500z",
  undo: "M8.500 5 4 9.500 8.500 14M4 9.500h10.500a5 5 0 0 1 0 10H11",
  redo: "M15.500 5 20 9.500 15.500 14M20 9.500H9.500a5 5 0 0 0 0 10H13",
  previous: "M14.500 5.500 8 12l6.500 6.500",
  next: "M9.500 5.500 16 12l-6.500 6.500",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  map: "M4 5h16v14H4zM11 11h6v5h-6z",
  planes: "M4 4h9v9H4zM16 4h4v9h-4zM4 16h9v4H4z",
  beside: "M4 5h16v14H4zM12 5v14",
  swipe: "M12 3v18M8.500 9 5.500 12l3 3M15.500 9l3 3-3 3",
  close: "M6 6l12 12M18 6 6 18",
  stack: "M12 3.500 21 8l-9 4.500L3 8zM3.500 12.200 12 16.500l8.500-4.300M3.500 16.400 12 20.700l8.500-4.300",
  offline: "M4 4l16 16M8.500 8.300A6 6 0 0 0 6 12.500 3.700 3.700 0 0 0 7 19.500h10.500M11.500 6.600a6 6 0 0 1 6.300 5.400 3.700 3.700 0 0 1 2.300 5.800",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): React.ReactElement {
  return (
    <svg className="sv-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
