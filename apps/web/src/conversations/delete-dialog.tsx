/** Asks once more before a conversation is deleted, since there is no way back. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { JSX } from "react";

interface Props {
  readonly opened: boolean;
  readonly isDeleting: boolean;
  readonly hasFailed: boolean;
  readonly onClose: () => void;
  readonly onDelete: () => void;
}

export function DeleteDialog({ opened, isDeleting, hasFailed, onClose, onDelete }: Props): JSX.Element {
  return (
    // Mantine locks scrolling by an injected style element, which our content security policy forbids.
    <Modal opened={opened} onClose={onClose} centered lockScroll={false} withCloseButton={false}>
      <Stack>
        <Modal.Title fw={650}>Delete this conversation?</Modal.Title>
        <Text>Its words, its summary and any sound kept for it are removed from the server for good.</Text>
        {hasFailed && (
          <Alert color="red" role="alert">
            It could not be deleted just now. Try again.
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button color="red.9" loading={isDeleting} onClick={onDelete}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
