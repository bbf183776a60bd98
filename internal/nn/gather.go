package nn

// Gather brings some of many records of equal size together, feature-major:
//
//	dst[r n + j] = src[records[j] size + r],  n = len(records)
//
// Records lie whole in memory, so that one that is picked at random is read by whole lines of
// the caches, of which a row of a feature-major matrix would give one number each.
func Gather[F Float](dst, src []F, size int, records []int) {
	n := len(records)
	if size <= 0 || len(src)%size != 0 || len(dst) != size*n {
		panic("nn: records do not fit")
	}
	for _, i := range records {
		if uint(i) >= uint(len(src)/size) {
			panic("nn: no such record")
		}
	}
	if vectorised[F](n) && n >= gatherAtLeast && size%gatherAtLeast == 0 {
		fast.gather(at(dst), at(src), &records[0], n, size)
		return
	}
	for from := 0; from < size; from += gatherStep { // lines that are written stay at hand
		to := min(from+gatherStep, size)
		for j, i := range records {
			for r, v := range src[i*size+from : i*size+to] {
				dst[(from+r)*n+j] = v
			}
		}
	}
}

const (
	gatherAtLeast = 8  // records, and a divisor of their size, that a kernel takes
	gatherStep    = 16 // numbers of a record at a time
)
