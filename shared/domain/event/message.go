package event

// Message is a message as it lies in a queue, read without an opinion about what is in it: it may be no envelope at
// all.
type Message struct {
	ID       string // of the message, the same whenever it is received
	Handle   string // of this receipt: what deletes the message or gives it back
	Body     string
	Sent     Millis // when it came into the system; the dead-letter queue keeps that time
	Receives int    // how often it was handed out, this time included; looking at it counts
}
