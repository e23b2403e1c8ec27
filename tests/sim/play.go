package sim

// Play plays one schedule of the real handlers and says what differs from the oracle; "" when nothing does.
func Play(seed uint64) (problem string) {
	_, problem = play(seed, real)
	return problem
}

// play plays one schedule of a consumer.
func play(seed uint64, c consumer) (w *World, problem string) {
	w, err := NewWorld(seed, c)
	if err != nil {
		return nil, err.Error()
	}
	w.Traffic()
	if err := w.Run(); err != nil {
		return w, err.Error()
	}
	return w, w.Check()
}
