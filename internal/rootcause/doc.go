// Package rootcause is what the components of type rootcause have in common, the
// processor and the connector: their configuration, the engine that all instances
// of one component ID share, its life, its self-telemetry and its checkpoints in a
// storage extension. What differs is how data gets in and where events get out.
package rootcause
