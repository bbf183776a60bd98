package page

import "github.com/sage-rca/sage/internal/evaluate"

// result is the figures of one method.
type result = *evaluate.MethodResult

// column is one figure of a method in a table.
type column struct {
	title  string
	better direction
	of     func(m result) cell
}

// figure is a share that every method has, with its interval.
type figure struct {
	title string
	of    func(m result) (float64, evaluate.Interval)
}

func exact() figure {
	return figure{"exact", func(m result) (float64, evaluate.Interval) { return m.Exact, m.ExactCI }}
}

func missed() figure {
	return figure{"missed", func(m result) (float64, evaluate.Interval) { return m.Missed, m.MissedCI }}
}

func wrong() figure {
	return figure{"wrong", func(m result) (float64, evaluate.Interval) { return m.Wrong, m.WrongCI }}
}

func top1() figure {
	return figure{"top-1", func(m result) (float64, evaluate.Interval) { return m.Top1, m.Top1CI }}
}

func top3() figure {
	return figure{"top-3", func(m result) (float64, evaluate.Interval) { return m.Top3, m.Top3CI }}
}

// plain is a column of the figure alone, ranged one with its interval.
func (f figure) plain(better direction) column {
	return column{f.title, better, measured(func(m result) cell {
		v, _ := f.of(m)
		return share(v)
	})}
}

func (f figure) ranged(better direction) column {
	return column{f.title + " [95 % CI]", better, measured(func(m result) cell { return shareWithin(f.of(m)) })}
}

// measured makes the figures of a method that was asked about no incident missing:
// a share of nothing is not 0.
func measured(of func(m result) cell) func(m result) cell {
	return func(m result) cell {
		if m.Incidents == 0 {
			return missing()
		}
		return of(m)
	}
}

func incidents() column {
	return column{"incidents", neither, func(m result) cell { return count(m.Incidents) }}
}

func average5() column {
	return column{"Avg@5", more, measured(func(m result) cell { return share(m.Avg5) })}
}

func f1() column {
	return column{"F1", more, measured(func(m result) cell { return share(m.F1) })}
}

func resource() column {
	return column{"resource", more, measured(func(m result) cell {
		if m.Resource == nil {
			return missing()
		}
		return share(*m.Resource)
	})}
}

func abstained() column {
	return column{"abstained", less, measured(func(m result) cell { return share(m.Abstained) })}
}

// windows is not compared: each method has it over other incidents, those that it
// got right.
func windows() column {
	return column{"windows", neither, measured(func(m result) cell {
		if m.WindowsToVerdict == nil {
			return missing()
		}
		return significant(*m.WindowsToVerdict)
	})}
}

func verdictTime() column {
	return column{"verdict ms", neither, measured(func(m result) cell { return significant(m.VerdictMS) })}
}

func trainTime() column {
	return column{"train s", neither, func(m result) cell {
		if m.TrainS == 0 {
			return missing() // nothing is trained
		}
		return significant(m.TrainS)
	}}
}

// everything is all columns of a table of methods.
func everything() []column {
	return []column{
		incidents(), exact().ranged(more), missed().plain(less), wrong().plain(less),
		top1().plain(more), top3().plain(more), average5(), f1(), resource(), abstained(),
		windows(), verdictTime(), trainTime(),
	}
}

// short is the columns that a reader of the page needs.
func short() []column {
	return []column{
		incidents(), exact().ranged(more), missed().plain(less), wrong().plain(less),
		top1().ranged(more), top3().plain(more), resource(), verdictTime(),
	}
}

// intervals is the shares that counting noise matters for, with their intervals.
func intervals() []column {
	return []column{missed().ranged(less), wrong().ranged(less), top1().ranged(more), top3().ranged(more)}
}
