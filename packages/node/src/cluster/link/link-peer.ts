/**
 * One open link to another node, in one direction: requests go out on the link that this node dialled, answers come back on the
 * same; what comes on a link that the other node dialled is answered there.
 */
export interface LinkPeer {
  readonly nodeId: number;
  /** Which life of the other node: a restarted one has another. */
  readonly incarnation: number;
  /** This node dialled it. */
  readonly isDialled: boolean;
  readonly isOpen: boolean;
  /** Bytes sent that the network has not taken yet. */
  readonly bufferedBytes: number;
  /** Senders should wait for `onDrain`. */
  readonly isCongested: boolean;
  /**
   * Sends a frame at the end of this turn; `payload` is copied. `kind`: 1 to 255. False: the link is congested, wait for `onDrain`
   * (the frame is sent), or closed (it is not).
   */
  send(kind: number, payload: Uint8Array): boolean;
  /**
   * Room for the payload of a frame, to be filled completely before anything else is called here: for a sender that would
   * otherwise make its payload first. On a closed link it goes nowhere.
   */
  reserve(kind: number, size: number): Buffer;
  /** Stops frames from coming, so that the other node is held back; what has been read is still told. */
  pause(): void;
  resume(): void;
  /** Calls `listener` when the link has room again. The function returned ends that. */
  onDrain(listener: () => void): () => void;
  /** Calls `listener` once when the link is gone; frames that were under way may be lost. The function returned ends that. */
  onClose(listener: (reason: string) => void): () => void;
  /** Closes at once; a dialled link is dialled again. */
  destroy(reason: string): void;
}
