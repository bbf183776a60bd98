package slo

// Match reports whether name matches a glob as Objective.Operation is one.
func Match(glob, name string) bool { return match(glob, name) }
