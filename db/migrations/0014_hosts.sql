-- What each Ollama host runs, where job types ask different models: one at a time, whoever asks.
CREATE TABLE bildwerk.hosts (
    host text PRIMARY KEY,
    -- NULL: nobody has asked it anything yet
    model text,
    since timestamptz NOT NULL DEFAULT now(),
    -- media that were begun there with this model
    served integer NOT NULL DEFAULT 0,
    -- until then nothing is begun there: somebody waits for all of its slots
    reserved_until timestamptz
);

-- A medium is in line for the model of its first due job: the first and the oldest of each line, and whether there is any.
CREATE INDEX media_ready_in_line ON bildwerk.media ((due[1]), priority DESC, run_at, id) WHERE owner IS NULL AND due <> '{}';
CREATE INDEX media_oldest_in_line ON bildwerk.media ((due[1]), run_at, id) WHERE owner IS NULL AND due <> '{}';
