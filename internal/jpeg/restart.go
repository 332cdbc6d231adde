package jpeg

import "math"

// blockBytes are no fewer than those of a block whose codes and numbers are the
// longest.
const blockBytes = 64 * (16 + 15) / 8

// interval reads the data up to the next marker and forgets what was before.
func (d *Decoder) interval(s *scan) (err error) {
	units := s.w * s.h
	if d.restart != 0 {
		units = min(units, d.restart)
	}
	limit := min(units, math.MaxInt32/(maxBlocks*blockBytes)) * maxBlocks * blockBytes
	if d.coded = d.coded[:0]; d.pending == 0 {
		d.coded, d.pending, err = d.src.coded(d.coded, limit)
	}
	d.coded = append(d.coded, make([]byte, zeroBytes)...)
	d.bits.begin(d.coded)
	d.eobRun = 0
	for _, c := range s.components {
		c.dc = 0
	}
	return err
}

// restartAt begins an interval after restart marker n.
func (d *Decoder) restartAt(s *scan, n int) error {
	if err := d.synchronise(n % 8); err != nil {
		return err
	}
	if d.pending == 0 {
		d.dry = false
	}
	return d.interval(s)
}

// synchronise finds restart marker n. With another marker it does what libjpeg does:
// the next one or two in the cycle of eight are left for later, as if the data before
// were missing; the data after the last one or two is passed over; and any other is
// taken for the right one.
func (d *Decoder) synchronise(n int) error {
	for {
		ahead := (int(d.pending) - rst0 - n) & 7
		switch {
		case d.pending < sof0 || isRestart(d.pending) && ahead >= 6:
			d.pending = 0
			var err error
			if d.pending, err = d.nextMarker(); err != nil {
				return err
			}
		case !isRestart(d.pending) || ahead == 1 || ahead == 2:
			return nil
		default:
			d.pending = 0
			return nil
		}
	}
}

func isRestart(marker byte) bool { return rst0 <= marker && marker <= rst7 }
