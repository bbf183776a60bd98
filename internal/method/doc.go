// Package method holds the methods that are compared: baselines, Sage as
// published, and the default of this project, behind one interface. All answer
// the same rca.Input.
package method
