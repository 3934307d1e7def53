export class ComposeMachine {}
