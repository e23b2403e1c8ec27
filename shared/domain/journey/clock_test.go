package journey_test

import (
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
)

// skewed is a page event whose device clock was corrected by an offset.
func skewed(id, original string, offset time.Duration) event.Touchpoint {
	t := page(id, original, "")
	t.Corrected, t.Skewed = t.Original.Add(offset), true
	t.Received = t.Corrected
	return t
}

func inFuture(t event.Touchpoint) event.Touchpoint {
	t.Future = true
	return t
}

// A device whose clock is wrong delivers in batches. What a batch is corrected by holds its delay on the way too, so a slow batch would come
// after the next one: within one clock, the device's own order stays.
func TestOrderOfOneDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		touchpoints []event.Touchpoint
		want        []string
	}{
		{
			"a slow batch before a fast one",
			[]event.Touchpoint{skewed("a", "10:00:00", 62*time.Minute), skewed("b", "10:00:30", 60*time.Minute)},
			[]string{"1 11:02:00.000 a 0 direct", "1 11:02:00.000 b 0 direct"},
		},
		{
			"a slow batch after a fast one needs nothing",
			[]event.Touchpoint{skewed("a", "10:00:00", 60*time.Minute), skewed("b", "10:00:30", 62*time.Minute)},
			[]string{"1 11:00:00.000 a 0 direct", "1 11:02:30.000 b 0 direct"},
		},
		{
			"the order goes on to the third",
			[]event.Touchpoint{skewed("a", "10:00:00", 63*time.Minute), skewed("b", "10:00:30", 60*time.Minute), skewed("c", "10:01:00", 60*time.Minute), skewed("d", "10:02:30", 61*time.Minute)},
			[]string{"1 11:03:00.000 a 0 direct", "1 11:03:00.000 b 0 direct", "1 11:03:00.000 c 0 direct", "1 11:03:30.000 d 0 direct"},
		},
		{
			"the second is the one to come after",
			[]event.Touchpoint{skewed("a", "10:00:00", 60*time.Minute), skewed("b", "10:00:30", 64*time.Minute), skewed("c", "10:01:00", 61*time.Minute)},
			[]string{"1 11:00:00.000 a 0 direct", "1 11:04:30.000 b 0 direct", "1 11:04:30.000 c 0 direct"},
		},
		{
			"a clock that is slow in the other direction",
			[]event.Touchpoint{skewed("a", "10:00:00", -58*time.Minute), skewed("b", "10:00:30", -60*time.Minute)},
			[]string{"1 09:02:00.000 a 0 direct", "1 09:02:00.000 b 0 direct"},
		},
		{
			"offsets 5 minutes apart are two clocks",
			[]event.Touchpoint{skewed("a", "10:00:00", 65*time.Minute), skewed("b", "10:00:30", 60*time.Minute)},
			[]string{"1 11:00:30.000 b 0 direct", "1 11:05:00.000 a 0 direct"},
		},
		{
			"offsets a millisecond less are one",
			[]event.Touchpoint{skewed("a", "10:00:00", 65*time.Minute-time.Millisecond), skewed("b", "10:00:30", 60*time.Minute)},
			[]string{"1 11:04:59.999 a 0 direct", "1 11:04:59.999 b 0 direct"},
		},
		{
			"right clocks are left alone",
			[]event.Touchpoint{page("a", "10:00:00", ""), skewed("b", "10:00:30", -60*time.Minute)},
			[]string{"1 09:00:30.000 b 0 direct", "1 10:00:00.000 a 1 direct"},
		},
		{
			"another device with a right clock in between changes nothing",
			[]event.Touchpoint{skewed("a", "10:00:00", 62*time.Minute), page("x", "10:00:10", ""), skewed("b", "10:00:30", 60*time.Minute)},
			[]string{"1 10:00:10.000 x 0 direct", "1 11:02:00.000 a 1 direct", "1 11:02:00.000 b 1 direct"},
		},
		{
			"another device with another wrong clock in between changes nothing",
			[]event.Touchpoint{
				skewed("a", "10:00:00", 62*time.Minute), skewed("x", "10:00:10", -182*time.Minute), skewed("b", "10:00:30", 60*time.Minute), skewed("y", "10:00:40", -184*time.Minute),
			},
			[]string{"1 06:58:10.000 x 0 direct", "1 06:58:10.000 y 0 direct", "1 11:02:00.000 a 1 direct", "1 11:02:00.000 b 1 direct"},
		},
		{
			"a time of receipt in place of a future time is no clock's",
			[]event.Touchpoint{skewed("a", "10:00:00", 62*time.Minute), inFuture(skewed("f", "10:00:20", 61*time.Minute)), skewed("b", "10:00:30", 60*time.Minute)},
			[]string{"1 11:01:20.000 f 0 direct", "1 11:02:00.000 a 0 direct", "1 11:02:00.000 b 0 direct"},
		},
		{
			"nothing is moved by more than the tolerance",
			[]event.Touchpoint{skewed("a", "10:00:00", 68*time.Minute), skewed("b", "10:00:01", 64*time.Minute), skewed("c", "10:00:02", 60*time.Minute)},
			[]string{"1 11:00:02.000 c 0 direct", "1 11:08:00.000 a 0 direct", "1 11:08:00.000 b 0 direct"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			slices.Reverse(c.touchpoints)
			if got := story(fold(t, journey.Line{Identifier: "user:1", Touchpoints: c.touchpoints})); !slices.Equal(got, c.want) {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

// Clocks of different identifiers are not compared: they may be different devices.
func TestOrderStaysWithinAnIdentifier(t *testing.T) {
	t.Parallel()
	j := fold(
		t,
		journey.Line{Identifier: "user:1", Touchpoints: []event.Touchpoint{skewed("a", "10:00:00", 62*time.Minute)}},
		journey.Line{Identifier: "anon:x", Touchpoints: []event.Touchpoint{skewed("b", "10:00:30", 60*time.Minute)}},
	)
	want := []string{"1 11:00:30.000 b 0 direct", "1 11:02:00.000 a 0 direct"}
	if got := story(j); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
