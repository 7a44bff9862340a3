/* In the table of models: a picture of what each predicted first. */
(() => {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  cells.ModelPicture = ({ value }) => {
    const attributes = { className: "model-thumbnail", alt: "", loading: "lazy" };
    return window.React.createElement(value ? "img" : "span", value ? { ...attributes, src: value } : { className: "model-thumbnail" });
  };
})();
