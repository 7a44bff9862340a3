/** A colour to click on: shows itself, opens the browser's chooser, and reports the colour when the chooser closes. */
import * as React from "react";

export interface ColorFieldProps {
  id?: string | object;
  value?: string;
  /** What a pointer and a screen reader are told. */
  title?: string;
  setProps: (props: { value: string }) => void;
}

export function ColorField({ value = "#000000", title, setProps }: ColorFieldProps): React.ReactElement {
  const input = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    input.current!.value = value;
  }, [value]);
  React.useEffect(() => {
    const element = input.current!;
    // React's onChange fires for every colour the pointer passes over; this event when one is chosen.
    const choose = (): void => setProps({ value: element.value.toUpperCase() });
    element.addEventListener("change", choose);
    return () => element.removeEventListener("change", choose);
  }, [setProps]);
  return <input ref={input} type="color" className="sv-color" title={title} aria-label={title} defaultValue={value} />;
}
