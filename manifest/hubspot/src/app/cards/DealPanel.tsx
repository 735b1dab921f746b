// The deal panel as a card on HubSpot's records: what happens next and why, and what a rep may do
// about it. HubSpot's proxy signs every request in the name of the user who looks at the card; all
// else is decided by the server, which answers refusals as 200 because the proxy hides the rest.
import React, { useCallback, useEffect, useState } from "react";
import {
  Alert,
  Button,
  ButtonRow,
  Divider,
  ErrorState,
  Flex,
  Heading,
  LoadingSpinner,
  Tag,
  Text,
  TextArea,
  hubspot,
} from "@hubspot/ui-extensions";

interface Next {
  touch: string | null;
  what: string;
  why: string;
  due_at: number | null;
  name: string;
  in_crm: boolean;
  urgent: boolean;
}

interface Panel {
  momentum: string;
  control: "run" | "pause" | "stop";
  pause_until: number | null;
  flags: string[];
  next: Next | null;
  draft: { text: string; decides: string; own: boolean; locked: string } | null;
  history: { at: number; what: string; why: string | null; state: string }[];
  open: string;
}

interface Refusal {
  error: string;
  message: string;
  next: string;
}

const TYPES: Record<string, string> = { "0-3": "deal", "0-1": "contact" };
const TONES: Record<string, "error" | "success" | "info"> = {
  hot: "error",
  warm: "success",
  recycle: "info",
};
const HISTORY = 4;

hubspot.extend<"crm.record.sidebar">(({ context, actions }) => (
  <DealPanel context={context} actions={actions} />
));

// One id for each press: the proxy asks again where an answer is lost, and the server then answers
// as the first time.
function requestId(): string {
  const bytes = Array.from({ length: 16 }, () => Math.floor(Math.random() * 256));
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function DealPanel({ context, actions }: { context: any; actions: any }) {
  const [panel, setPanel] = useState<Panel | null>(null);
  const [trouble, setTrouble] = useState<Refusal | null>(null);
  const [said, setSaid] = useState("");
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);

  const base = String(context.variables?.BASE_URL ?? "");
  const type = TYPES[context.crm.objectTypeId] ?? "deal";
  const address = `${base}/card/hubspot/${type}/${context.crm.objectId}`;

  const ask = useCallback(
    async (body?: Record<string, unknown>) => {
      const answer = await hubspot.fetch(
        address,
        body ? { method: "POST", timeout: 15000, body } : { method: "GET", timeout: 15000 },
      );
      const data = await answer.json();
      if (!answer.ok || data.error) throw data;
      return data;
    },
    [address],
  );

  const load = useCallback(async () => {
    try {
      const found: Panel = await ask();
      setPanel(found);
      setWords(found.draft?.text ?? "");
      setTrouble(null);
    } catch (error) {
      setTrouble(asRefusal(error));
    }
  }, [ask]);

  useEffect(() => {
    load();
  }, [load]);

  const act = async (body: Record<string, unknown>) => {
    setBusy(true);
    try {
      const done = await ask({ ...body, request_id: requestId() });
      setSaid(done.said);
      await load();
      actions.refreshObjectProperties?.();
    } catch (error) {
      setTrouble(asRefusal(error));
    } finally {
      setBusy(false);
    }
  };

  if (trouble && !panel) {
    return (
      <ErrorState title={trouble.message}>
        <Text>{trouble.next}</Text>
        <Button onClick={load}>Try again</Button>
      </ErrorState>
    );
  }
  if (!panel) return <LoadingSpinner label="What happens next?" />;

  const next = panel.next;
  const touch = next?.touch;
  return (
    <Flex direction="column" gap="small">
      {said && <Alert title={said} variant="success" />}
      {trouble && (
        <Alert title={trouble.message} variant="danger">
          {trouble.next}
        </Alert>
      )}
      <Flex gap="small" align="center">
        <Tag variant={TONES[panel.momentum] ?? "default"}>{panel.momentum}</Tag>
        {next?.urgent && <Tag variant="error">urgent</Tag>}
        {panel.flags.map((flag) => (
          <Tag key={flag} variant="warning">
            {flag.replaceAll("_", " ")}
          </Tag>
        ))}
      </Flex>

      {next ? (
        <>
          <Heading>{next.what}</Heading>
          <Text>
            {next.in_crm ? "Due" : "Planned for"} {when(next.due_at, context)}
            {next.name ? ` · ${next.name}` : ""}
          </Text>
          {next.why && <Text variant="microcopy">Why: {next.why}</Text>}
          {panel.draft?.decides && (
            <Text format={{ fontWeight: "bold" }}>To decide: {panel.draft.decides}</Text>
          )}
          {panel.draft?.locked && (
            <>
              <Text>{panel.draft.text}</Text>
              <Text variant="microcopy">{panel.draft.locked}</Text>
            </>
          )}
          {touch && panel.draft && !panel.draft.locked && (
            <>
              <TextArea name="words" label="The words" rows={6} value={words} onInput={setWords} />
              <ButtonRow>
                <Button
                  size="sm"
                  disabled={busy || words === panel.draft.text}
                  onClick={() => act({ do: "rewrite", touch, text: words })}
                >
                  Save the words
                </Button>
              </ButtonRow>
            </>
          )}
          {touch && (
            <ButtonRow>
              {next.in_crm && (
                <Button
                  variant="primary"
                  disabled={busy}
                  onClick={() => act({ do: "complete", touch })}
                >
                  Done
                </Button>
              )}
              <Button disabled={busy} onClick={() => act({ do: "snooze", touch, until: "1d" })}>
                Tomorrow
              </Button>
              <Button disabled={busy} onClick={() => act({ do: "snooze", touch, until: "7d" })}>
                In a week
              </Button>
              <Button disabled={busy} onClick={() => act({ do: "skip", touch })}>
                Skip
              </Button>
            </ButtonRow>
          )}
        </>
      ) : (
        <Text>Nothing is planned. Plan a step, or begin a sequence in the whole panel.</Text>
      )}

      <Divider />
      {panel.control === "run" ? (
        <ButtonRow>
          <Button size="sm" disabled={busy} onClick={() => act({ do: "pause" })}>
            Pause
          </Button>
          <Button
            size="sm"
            variant="destructive"
            disabled={busy}
            onClick={() => act({ do: "stop" })}
          >
            Stop
          </Button>
        </ButtonRow>
      ) : (
        <>
          <Text>
            {panel.control === "pause" ? "Paused" : "Stopped"}
            {panel.pause_until ? ` until ${when(panel.pause_until, context)}` : ""}.
          </Text>
          <Button size="sm" disabled={busy} onClick={() => act({ do: "go_on" })}>
            Let follow-up go on
          </Button>
        </>
      )}

      {panel.history.slice(0, HISTORY).map((line) => (
        <Text key={`${line.at}${line.what}`} variant="microcopy">
          {when(line.at, context)}: {line.what.replaceAll("_", " ")}
          {line.why && line.state !== "outcome" ? ` (${line.why.replaceAll("_", " ")})` : ""}
        </Text>
      ))}
      <Button
        variant="transparent"
        onClick={() =>
          actions.openIframeModal(
            { uri: panel.open, width: 640, height: 820, title: "Followthrough" },
            load,
          )
        }
      >
        Open the whole panel
      </Button>
    </Flex>
  );
}

function asRefusal(error: unknown): Refusal {
  const found = error as Partial<Refusal> | null;
  return {
    error: found?.error ?? "no_answer",
    message: found?.message ?? "Followthrough did not answer.",
    next: found?.next ?? "Nothing is known to have changed. Try again in a minute.",
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function when(instant: number | null, context: any): string {
  if (instant === null) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: context.portal?.timezone,
  }).format(new Date(instant));
}
