"""The message classes, built from the compiled .proto files when the package is imported.

Code that protoc generates works with the protobuf release it was generated for; descriptors work with all.
"""

from importlib import resources

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Of its own, so that another package with falco's .proto files can live in the same process.
_pool = descriptor_pool.DescriptorPool()


def _load() -> None:
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString(resources.files(__package__).joinpath("gen/falco.binpb").read_bytes())
    for file in files.file:
        _pool.AddSerializedFile(file.SerializeToString())


def message(name: str):
    """The class of a message by its full name."""
    descriptor = _pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_pool).GetPrototype(descriptor)


def method(service: str, name: str):
    """Path, request class and response class of a method."""
    descriptor = _pool.FindServiceByName(service).methods_by_name[name]
    path = f"/{service}/{name}"
    return path, message(descriptor.input_type.full_name), message(descriptor.output_type.full_name)


_load()
