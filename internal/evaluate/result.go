package evaluate

// Results is what an evaluation found: out/evaluate.json.
type Results struct {
	Suites      []Suite            `json:"suites"`
	Recorded    []RecordedSet      `json:"recorded"`
	Ablations   []Suite            `json:"ablations"`
	WhatIf      WhatIf             `json:"whatif"`
	Calibration []Bin              `json:"calibration"`
	Robustness  map[string][]Point `json:"robustness"` // by curve
	Updates     Updates            `json:"updates"`
	// Digest is a SHA-256 of everything but times: equal runs have equal digests.
	Digest string `json:"digest"`
}

// Suite is one application or one group of variants of it.
type Suite struct {
	Name    string         `json:"name"`
	Methods []MethodResult `json:"methods"`
	Decoys  Decoys         `json:"decoys"`
	// Harmless are the incidents whose fault did not violate the objective: left out.
	Harmless int `json:"harmless"`
	// ByFault are the figures of each method per kind of fault: by_fault[fault].
	ByFault map[string][]MethodResult `json:"by_fault,omitempty"`
	// Incidents are the incidents one by one, with what the default answered.
	Incidents []Record `json:"incidents,omitempty"`
}

// Decoys tell of the time in which nothing was wrong.
type Decoys struct {
	Hours          float64        `json:"hours"`
	Episodes       int            `json:"episodes"`
	FalseIncidents int            `json:"false_incidents"`
	ByKind         map[string]int `json:"by_kind,omitempty"` // false incidents
}

// Interval is a 95 % interval.
type Interval [2]float64

// MethodResult are the figures of one method. Shares are in [0, 1].
type MethodResult struct {
	Name      string   `json:"name"`
	Incidents int      `json:"incidents"`
	Exact     float64  `json:"exact"`
	ExactCI   Interval `json:"exact_ci95"`
	Missed    float64  `json:"missed"` // incidents with a missed culprit
	MissedCI  Interval `json:"missed_ci95"`
	Wrong     float64  `json:"wrong"` // incidents with a wrong culprit
	WrongCI   Interval `json:"wrong_ci95"`
	Top1      float64  `json:"top1"`
	Top1CI    Interval `json:"top1_ci95"`
	Top3      float64  `json:"top3"`
	Top3CI    Interval `json:"top3_ci95"`
	Avg5      float64  `json:"avg5"`
	F1        float64  `json:"f1"`
	// Resource is the share of culprits that are named with the right mechanism;
	// null where the method names none or the truth knows none.
	Resource  *float64 `json:"resource"`
	Abstained float64  `json:"abstained"`
	// WindowsToVerdict is the median number of windows from onset to the first
	// right answer, over the incidents that get one; null where none does.
	WindowsToVerdict *float64 `json:"windows_to_verdict"`
	VerdictMS        float64  `json:"verdict_ms"` // median wall time of an answer
	TrainS           float64  `json:"train_s"`    // CPU time of the first training, 0 where there is none
}

// RecordedSet is one recording of a real system.
type RecordedSet struct {
	Name    string                    `json:"name"`
	Methods []MethodResult            `json:"methods"`
	ByFault map[string][]MethodResult `json:"by_fault"`
	// Incidents are the incidents one by one, with what the default answered.
	Incidents []Record `json:"incidents,omitempty"`
	// Published are figures of others on the same data, as a text for each.
	Published []string `json:"published,omitempty"`
	// Notes say what was left out of the recording, or repaired.
	Notes []string `json:"notes,omitempty"`
	// Unmeasured says why nothing could be asked about the recording, "" where something
	// was.
	Unmeasured string `json:"unmeasured,omitempty"`
}

// WhatIf compares predicted tails without the fault with true ones, of the
// default method over incidents whose set was exact.
type WhatIf struct {
	Incidents         int      `json:"incidents"`
	MedianAbsRelError float64  `json:"median_abs_rel_error"`
	P90AbsRelError    float64  `json:"p90_abs_rel_error"`
	Coverage90        float64  `json:"coverage90"`
	CoverageCI        Interval `json:"coverage90_ci95"`
}

// Bin is one row of a reliability table: culprits stated with a probability in
// [From, To).
type Bin struct {
	From  float64  `json:"from"`
	To    float64  `json:"to"`
	N     int      `json:"n"`
	Mean  float64  `json:"mean_stated"`
	Right float64  `json:"right"`
	CI    Interval `json:"right_ci95"`
}

// Point is one point of a curve.
type Point struct {
	At      string         `json:"at"`
	Methods []MethodResult `json:"methods"`
}

// Updates is the service-update experiment.
type Updates struct {
	App      string       `json:"app"`
	Services int          `json:"services"` // that are added, in other branches removed or redeployed
	Steps    []UpdateStep `json:"steps"`
}

// UpdateStep is one state of the application and of the model: "before", "added"
// (services were, the model does not know them), "partial" (what changed was learned),
// "scratch" (all was), and so for "removed" and "redeployed", as in "removed, partial".
type UpdateStep struct {
	Name    string         `json:"name"`
	Methods []MethodResult `json:"methods"`
	TrainS  float64        `json:"train_s"`
}
