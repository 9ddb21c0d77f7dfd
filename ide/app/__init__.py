"""The workbench: thin Streamlit views over the core and the store."""
