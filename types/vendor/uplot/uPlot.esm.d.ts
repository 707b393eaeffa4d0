// The types of the copy in static/vendor/uplot are those of the package.
export { default } from "uplot";
