import Domain
import Reconcile

/// A way to be wrong: the product as it is, over a port that breaks one rule of it. What such a pipeline or run does is what the
/// product would do without the rule, so the simulator has to find it. One that finds nothing proves nothing.
public enum Variant: String, Sendable, CaseIterable {
    /// The product as it is.
    case sound

    func change(_ ports: inout PortSet, of hop: Hop, in world: World) {}

    func change(_ ports: SimulatedReconcilePorts, in world: World) -> any ReconcilePorts { ports }
}
