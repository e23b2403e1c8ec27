package poller

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Succeeded applies the rules of ReportBatchItemFailures to a function's answer and returns the messages to delete.
//
// Nothing, null, {} and an empty or null list mean that all succeeded. Anything that cannot be understood (no JSON, an
// identifier that is empty, null, under another name, or of no message in the batch) means that all failed: so a
// mistake in the answer costs a retry, never a message.
func Succeeded(answer []byte, batch []types.Message) []types.Message {
	if len(answer) == 0 {
		return batch
	}
	var response struct {
		BatchItemFailures []map[string]any `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil
	}
	inBatch := map[string]bool{}
	for _, m := range batch {
		inBatch[aws.ToString(m.MessageId)] = true
	}
	failed := map[string]bool{}
	for _, entry := range response.BatchItemFailures {
		id, is := entry["itemIdentifier"].(string)
		if !is || !inBatch[id] {
			return nil
		}
		failed[id] = true
	}
	var succeeded []types.Message
	for _, m := range batch {
		if !failed[aws.ToString(m.MessageId)] {
			succeeded = append(succeeded, m)
		}
	}
	return succeeded
}
