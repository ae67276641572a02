export {
  type ChangeSource,
  type MimeBundle,
  type Widget,
  type WidgetState,
  widgetBrand,
} from "./widget/widget.js";
