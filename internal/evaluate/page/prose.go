package page

// howToRead stands on top of all tables.
const howToRead = `
Shares are in percent. The best value of a column is bold, and where methods are columns that of a row; times are not compared.
"-" is a figure that a method does not have or that was not measured. "windows" is the median number of windows from the onset to the
first right answer, "verdict ms" the median time of an answer, "train s" the CPU time of the first training.
`

const decoysIntro = `Time in which nothing was wrong, with things that look as if: nothing may be raised.`

const ablationsIntro = `The default without one of its parts in each row, or without several.`

const whatIfIntro = `The tail that is predicted for the entry without the fault, against that of a twin run without the fault and with the same random
numbers, in the same window; over incidents whose culprit set was exact. Errors are relative and without sign.`

const calibrationIntro = `How often a culprit is one, by the probability that is stated for it.`

const robustnessIntro = `A table per thing that goes wrong with the data, and a row per degree of it.`

const updatesIntro = `The application changes under a trained model: a row per step and method. "training s" is what it took to learn the step.`

const accuracyHead = `
<!-- Generated from out/evaluate.json, which "make evaluate" writes, by "make accuracy". Do not edit. -->

# How good are the verdicts?
`

const measuredIntro = `
Root causes were asked for in simulated applications, where the truth is known, and in recordings of real systems, where it was
injected. Every method answers about the same windows and sees the same data: simple scorers, published methods, Sage as it was
published, and the default of this project. Every number below comes from one run of one command.
`

const summaryIntro = `Exact is the share of incidents in which the set of culprits is exactly right; for recordings it is top-1, the share in which a culprit
comes first. The best baseline is the best of all methods, oracles among them, but Sage as published and the robust scorer within the
default, which have columns of their own.`

const publishedIntro = `
What others publish on the recorded sets. Where their choice of faults, windows or data differs, their figures do not compare one to one:
`

const weakIntro = `Computed from the results, not chosen. Lists of losses are in order of the incidents lost. Differences of one or two incidents are
within what chance does.`

const robustIntro = `The robust scorer is part of the default, which is meant to never do worse than it alone. Here it does:
`

const burdensIntro = `More culprit sets are exact without:
`

const rerun = "```\n" + `make evaluate          # everything on this page, in out/evaluate.json and out/evaluate.md
make accuracy          # this page, from out/evaluate.json
make evaluate-quick    # a fixed subset in minutes, as it runs before every change
sage evaluate -h       # a capture of your own system, with a file that says what was broken when
` + "```" + `

A result on your own system says more about it than this page does. Record with ` + "`sage record`" + `, break something, write down what and when,
and judge the same methods by the same rules.`

const tablesIntro = "Shares are in percent, the best of a column is bold. `out/evaluate.md` has every figure."

const judging = `
- Each method answers every violated window of an incident, at most the first three.
- The answer to an incident is a vote. Each window gives every candidate its share of the window's scores; the candidate with the largest
  sum is first. Of the windows that put it first, the culprit set is the one that most of them name. A window in which a method blames nobody votes
  for the order of its candidates.
- An incident that raises no alert although the objective was violated counts as abstained and as missed, for every method.
- Incidents whose fault did not violate the objective in truth are left out for all methods and counted apart.
- Sage as published learns from violations, as its paper does: incidents that are not judged come first, and its model is trained after
  them. The default is trained before them, on healthy windows.
- Nobody set an objective for the recordings: the symptom is the quantile of the entry's latency that rose most in robust deviations, the
  objective what 95 % of the normal windows meet, and the onset is known.
- Where a fault has two right names, as the two ends of a link, either is right.
- Methods that rank and do not decide, as most baselines, name their first candidate as the set.`

const intervalsAndSeeds = `
Brackets are 95 % intervals of Wilson: they tell how far a share of so few incidents may be from that of infinitely many like them. They
know nothing of incidents that are unlike them. Methods answer the same incidents, so a difference of two methods is surer than their
two intervals look.

All randomness is seeded, and two runs give the same figures and the same digest; only times differ, which are those of one machine.
Seeds on which the method was built are apart from those of this page.`

const limits = `
- The simulator was written by those who wrote the method. Its queues, pools and processors follow queueing theory and its metrics follow
  from its state, but it holds what its authors thought of.
- Faults are injected in one or two places at once, and begin at once. Real ones creep, and cascade.
- The recordings are few and small: a wide interval there is the honest answer. They hold windows and few
  spans, so that they test the diagnosis and hardly the way of the data to it.
- The faults of the recordings were known while the method was built. No service, set or fault is treated specially.
- Baselines were written for this comparison from their papers. A method by its authors may do better.
- Published figures stand as published. They were measured with other windows, and in part with other faults and data.
- The thresholds know the answers: they show what the best fixed thresholds could do.
`
