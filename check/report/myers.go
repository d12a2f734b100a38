package report

// most bounds the work of changes: beyond so many differing lines, what is left
// counts as replaced as a whole.
const most = 1000

// change says that the lines a0 to a1 of the old text became b0 to b1.
type change struct{ a0, a1, b0, b1 int }

// changes finds a shortest way from a to b (Myers, "An O(ND) Difference
// Algorithm and Its Variations", 1986).
func changes(a, b []string) []change {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	a, b = a[head:len(a)-tail], b[head:len(b)-tail]
	if len(a)+len(b) == 0 {
		return nil
	}
	var out []change
	// add puts single steps together to changes; they come from the last on.
	add := func(c change) {
		if n := len(out) - 1; n >= 0 && out[n].a0 == c.a1 && out[n].b0 == c.b1 {
			out[n].a0, out[n].b0 = c.a0, c.b0
			return
		}
		out = append(out, c)
	}
	trace, x, y := furthest(a, b)
	if x < len(a) || y < len(b) {
		add(change{x, len(a), y, len(b)})
	}
	for d := len(trace) - 1; d > 0; d-- {
		before := trace[d-1]
		k := x - y
		down := k == -d || k != d && before[k-1+d] < before[k+1+d]
		from := k - 1
		if down {
			from = k + 1
		}
		px := before[from+d]
		py := px - from
		if down {
			add(change{px, px, py, py + 1})
		} else {
			add(change{px, px + 1, py, py})
		}
		x, y = px, py
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	for i := range out {
		out[i].a0, out[i].a1, out[i].b0, out[i].b1 = out[i].a0+head, out[i].a1+head, out[i].b0+head, out[i].b1+head
	}
	return out
}

// furthest walks to the end of both texts, or as far as most steps lead. trace
// holds, for each number of steps d, how far in a each diagonal k got, at the
// index k+d+1; x and y are where the walk ended.
func furthest(a, b []string) (trace [][]int, x, y int) {
	for d := 0; ; d++ {
		row := make([]int, 2*d+3)
		bestX, bestY := 0, 0
		for k := -d; k <= d; k += 2 {
			x := 0
			if d > 0 {
				before := trace[d-1]
				if k == -d || k != d && before[k-1+d] < before[k+1+d] {
					x = before[k+1+d]
				} else {
					x = before[k-1+d] + 1
				}
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			row[k+d+1] = x
			if x >= len(a) && y >= len(b) {
				return append(trace, row), len(a), len(b)
			}
			if x <= len(a) && y <= len(b) && x+y > bestX+bestY {
				bestX, bestY = x, y
			}
		}
		trace = append(trace, row)
		if d == most {
			return trace, bestX, bestY
		}
	}
}
